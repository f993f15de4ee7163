-- outcome: deferred
-- Outside Monday to Friday, 09 to 17 at the person's place, or a public holiday in the country; the next run inside
-- those hours decides again.
with places as (
    select
        time_zone,
        country,
        getvariable('now') at time zone time_zone as here
    from (select distinct time_zone, country from undecided)
),

days as (
    select
        places.*,
        places.here::date + ahead.days::integer as day,
        list_contains($closed_days::varchar[], places.country || ' ' || day) as is_holiday,
        isodow(day) < 6 and not is_holiday as is_working
    from places
    cross join range(0, 32) as ahead (days)
),

closed as (
    select
        time_zone,
        country,
        any_value(here) as here,
        bool_or(day = here::date and is_holiday) as is_on_holiday,
        min(day + interval 9 hours) filter (is_working and day + interval 9 hours > here) as opens_at
    from days
    group by time_zone, country
    having not bool_or(day = days.here::date and is_working and hour(days.here) >= 9 and hour(days.here) < 17)
)

select
    undecided.row_id,
    case
        when closed.is_on_holiday
            then 'it is ' || strftime(closed.here, '%A %H:%M') || ', a public holiday, in ' || closed.time_zone
        else 'it is ' || strftime(closed.here, '%A %H:%M') || ' in ' || closed.time_zone
    end as why,
    closed.opens_at at time zone closed.time_zone as deferred_until
from undecided
inner join closed on closed.time_zone = undecided.time_zone and closed.country = undecided.country
