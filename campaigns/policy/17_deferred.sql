-- outcome: deferred
-- Outside Monday to Friday, 09 to 17 at the person's place; the next run inside those hours decides again.
select
    * exclude (here, next_day, opens_at),
    'it is ' || strftime(here, '%A %H:%M') || ' in ' || time_zone as why,
    opens_at at time zone time_zone as deferred_until
from (
    select
        *,
        getvariable('now') at time zone time_zone as here,
        case when hour(here) < 9 then here::date else here::date + 1 end as next_day,
        next_day + interval 9 hours
        + to_days(case isodow(next_day) when 6 then 2 when 7 then 1 else 0 end) as opens_at
    from undecided
)
where isodow(here) > 5 or hour(here) < 9 or hour(here) >= 17
