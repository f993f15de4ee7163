-- description: The temporary table `members` again: those who have reached a step, each with the newest, unless its time is
-- description: over. Days are counted by 24 hours from what anchors them.

create or replace temp table members as
with steps as (
    select
        unnest($step_names) as step,
        unnest($step_days) as days
),

reached as (
    select
        anchored.* replace (steps.step || coalesce('@' || anchored.occasion, '') as step),
        anchored.anchored_at + to_days(steps.days::integer) as due_at
    from anchored
    cross join steps
    where anchored.anchored_at + to_days(steps.days::integer) <= $now
)

select * exclude (anchored_at, occasion, due_at)
from reached
where due_at > $now - to_days($catch_up_days::integer)
qualify row_number() over (partition by contact_id, subject_id order by due_at desc, step) = 1
