-- outcome: capped
-- The person got as many messages in seven days, over all campaigns, as anybody may. What certainly did not arrive, and
-- is replaced by this message, is none.
with written as (
    select
        contact_id,
        count(*) as messages
    from raw.campaigns__decisions as decision
    anti join replaced
        on
            replaced.is_lost
            and replaced.run_id = decision.run_id
            and replaced.contact_id = decision.contact_id
            and replaced.step = decision.step
    where outcome = 'send' and run_id <> $run_id and decided_at > getvariable('now') - interval 7 days
    group by contact_id
    having count(*) >= $most_in_seven_days
)

select
    undecided.row_id,
    written.messages || ' messages in the last 7 days' as why
from undecided
inner join written on written.contact_id = undecided.contact_id
