-- segment: ticket_resolved
-- name: Ticket resolved a day ago or more
-- name_th: ปัญหาที่แก้ไขแล้วตั้งแต่หนึ่งวัน
-- version: 1
-- Resolved one to seven days ago, while nothing else of the company is open: who still waits is not asked how it was. It is
-- asked of who raised it, where the person may be written to, else of the company.

select
    ticket.company_id,
    author.contact_id,
    'ticket' as subject_type,
    ticket.ticket_id as subject_id,
    'feedback' as step,
    'ticket ' || ticket.ticket_number || ' was resolved ' || hours_since || ' hours ago' as reason
from (
    select
        *,
        date_sub('hour', coalesce(resolved_at, updated_at), getvariable('now')) as hours_since
    from marts.tickets
) as ticket
left join marts.contacts as author
    on author.contact_id = ticket.contact_id and author.is_active and list_contains(author.consents, 'quarterly')
where
    ticket.status in ('resolved', 'closed')
    and not ticket.is_deleted
    and hours_since between 24 and 168
    and not exists (
        select 1 from marts.tickets as other where other.company_id = ticket.company_id and other.is_open
    )
