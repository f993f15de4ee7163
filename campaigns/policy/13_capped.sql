-- outcome: capped
-- The person got as many messages in seven days, over all campaigns, as anybody may.
select
    undecided.*,
    count(*) || ' messages in the last 7 days' as why
from undecided
inner join raw.campaigns__decisions as decision
    on
        decision.contact_id = undecided.contact_id
        and decision.outcome = 'send'
        and decision.run_id <> $run_id
        and decision.decided_at > getvariable('now') - interval 7 days
group by all
having count(*) >= $most_in_seven_days
