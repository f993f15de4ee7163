-- outcome: deferred
-- Outside Monday to Friday, 09 to 17 at the person's place; the next run inside those hours decides again.
with places as (
    select
        time_zone,
        getvariable('now') at time zone time_zone as here,
        case when hour(here) < 9 then here::date else here::date + 1 end as next_day,
        next_day + interval 9 hours
        + to_days(case isodow(next_day) when 6 then 2 when 7 then 1 else 0 end) as opens_at
    from (select distinct time_zone from undecided)
)

select
    undecided.row_id,
    'it is ' || strftime(places.here, '%A %H:%M') || ' in ' || places.time_zone as why,
    places.opens_at at time zone places.time_zone as deferred_until
from undecided
inner join places on places.time_zone = undecided.time_zone
where isodow(places.here) > 5 or hour(places.here) < 9 or hour(places.here) >= 17
