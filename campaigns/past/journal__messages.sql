-- description: Messages as they stood at getvariable('now'): planned by then, later steps of the ladder not yet taken. How one
-- description: was cancelled, expired or suppressed has no time of its own: the row's last change is taken for it.
select
    * replace (
        case
            when failed_at <= getvariable('now') then 'failed'
            when read_at <= getvariable('now') then 'read'
            when delivered_at <= getvariable('now') then 'delivered'
            when sent_at <= getvariable('now') then 'sent'
            when accepted_at <= getvariable('now') then 'accepted'
            when status in ('cancelled', 'expired', 'suppressed') and updated_at <= getvariable('now') then status
            when claimed_at <= getvariable('now') then 'claimed'
            else 'planned'
        end as status,
        case when claimed_at <= getvariable('now') then claimed_at end as claimed_at,
        case when accepted_at <= getvariable('now') then accepted_at end as accepted_at,
        case when sent_at <= getvariable('now') then sent_at end as sent_at,
        case when delivered_at <= getvariable('now') then delivered_at end as delivered_at,
        case when read_at <= getvariable('now') then read_at end as read_at,
        case when failed_at <= getvariable('now') then failed_at end as failed_at,
        least(updated_at, getvariable('now')) as updated_at
    )
from present.raw.journal__messages
where planned_at <= getvariable('now')
