-- question: On which weekday and hour (Bangkok) do people react, by channel?
-- metrics: reactions | by weekday, hour_of_day
select
    isodow(occurred_at at time zone 'Asia/Bangkok') as weekday,
    hour(occurred_at at time zone 'Asia/Bangkok') as hour_of_day,
    count(*) as reactions
from marts.message_events
where
    actor = 'human'
    and event_type in ('opened', 'read', 'clicked', 'replied')
    and (occurred_at at time zone 'Asia/Bangkok')::date > (now() at time zone 'Asia/Bangkok')::date - $days::integer
    and ($channel = '' or channel = $channel)
group by all
order by weekday, hour_of_day
