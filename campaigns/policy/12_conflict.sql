-- outcome: conflict
-- A campaign that is at least as urgent wrote to the person within the last 12 hours.
select
    undecided.*,
    'campaign ' || min(decision.campaign_id) || ' wrote to the person within 12 hours' as why
from undecided
inner join raw.campaigns__decisions as decision
    on
        decision.contact_id = undecided.contact_id
        and decision.outcome = 'send'
        and decision.campaign_id in (select unnest($more_urgent))
        and decision.decided_at > getvariable('now') - interval 12 hours
        and decision.decided_at <= getvariable('now')
group by all
