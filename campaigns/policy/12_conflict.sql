-- outcome: conflict
-- A campaign that is at least as urgent wrote to the person within the last 12 hours.
with written as (
    select
        contact_id,
        min(campaign_id) as campaign_id
    from raw.campaigns__decisions
    where
        outcome = 'send'
        and list_contains($more_urgent, campaign_id)
        and decided_at > getvariable('now') - interval 12 hours
        and decided_at <= getvariable('now')
    group by contact_id
)

select
    undecided.row_id,
    'campaign ' || written.campaign_id || ' wrote to the person within 12 hours' as why
from undecided
inner join written on written.contact_id = undecided.contact_id
