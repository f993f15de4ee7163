-- outcome: crm_hold
-- This is no moment to ask for something: the company has an urgent ticket open, or what else the campaign respects. It
-- owes for more than thirty days, or a person of ours is talking with it: a quote or contract went out within two weeks.
with held as (
    select
        company_id,
        'ticket ' || min(ticket_number) || ' is open and urgent' as why
    from marts.tickets
    where is_open and priority = 'urgent' and $respects_crm_hold
    group by company_id
    union all
    select
        company_id,
        'invoice ' || min(invoice_number) || ' is unpaid for more than 30 days' as why
    from marts.invoices
    where
        list_contains($held_while::varchar[], 'unpaid')
        and is_open
        and due_date < (getvariable('now') at time zone 'Asia/Bangkok')::date - 30
    group by company_id
    union all
    select
        company_id,
        'a deal is in stage ' || min(stage) || ', changed within 14 days' as why
    from marts.opportunities
    where
        list_contains($held_while::varchar[], 'negotiating')
        and stage in ('Quotation Sent', 'Contract Sent')
        and is_active
        and not is_deleted
        and stage_changed_at > getvariable('now') - interval 14 days
    group by company_id
)

select
    undecided.row_id,
    min(held.why) as why
from undecided
inner join held on held.company_id = undecided.company_id
group by undecided.row_id
