-- outcome: send
-- Nothing speaks against it. Where the campaign asks for it, it goes at the hour at which the person reacts most, if that
-- is still to come today.
with times as (
    select
        contact_id,
        best_hour
    from marts.send_time_scores
    where $at_best_hour and best_hour is not null
),

timed as (
    select
        undecided.row_id,
        times.best_hour,
        date_trunc('day', getvariable('now') at time zone undecided.time_zone) + to_hours(times.best_hour) as best_at
    from undecided
    inner join times on times.contact_id = undecided.contact_id
    where times.best_hour > hour(getvariable('now') at time zone undecided.time_zone)
)

select
    undecided.row_id,
    case
        when timed.row_id is null then 'no rule speaks against it'
        else 'no rule speaks against it; it goes at ' || timed.best_hour || ':00, when this person reacts most'
    end as why,
    timed.best_at at time zone undecided.time_zone as deferred_until
from undecided
left join timed on timed.row_id = undecided.row_id
