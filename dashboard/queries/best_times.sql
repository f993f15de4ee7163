-- question: At which weekday and hour, at their place, do how many people react best, and on how many reactions does it rest?
select
    best_weekday as weekday,
    best_hour as hour_of_day,
    count(*) as contacts,
    sum(evidence_count)::bigint as reactions
from marts.send_time_scores
where best_hour is not null and (not $own_only or basis = 'contact')
group by all
order by weekday, hour_of_day
