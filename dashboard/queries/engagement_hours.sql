-- question: On which weekday and hour (Bangkok) do people react, by channel?
-- metrics: reactions | by weekday, hour_of_day
select
    weekday,
    hour_of_day,
    sum(reactions)::bigint as reactions
from marts.hourly_reactions
where
    metric_date > (now() at time zone 'Asia/Bangkok')::date - $days::integer
    and ($channel = '' or channel = $channel)
group by all
order by weekday, hour_of_day
