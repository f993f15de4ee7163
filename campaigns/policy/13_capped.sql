-- outcome: capped
-- The person got as many messages in seven days, over all campaigns, as anybody may.
with written as (
    select
        contact_id,
        count(*) as messages
    from raw.campaigns__decisions
    where outcome = 'send' and run_id <> $run_id and decided_at > getvariable('now') - interval 7 days
    group by contact_id
    having count(*) >= $most_in_seven_days
)

select
    undecided.row_id,
    written.messages || ' messages in the last 7 days' as why
from undecided
inner join written on written.contact_id = undecided.contact_id
