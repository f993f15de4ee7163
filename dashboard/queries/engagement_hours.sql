-- question: On which weekday and hour (Bangkok) do people react, by channel?
select
    isodow(occurred_at at time zone 'Asia/Bangkok') as weekday,
    hour(occurred_at at time zone 'Asia/Bangkok') as hour_of_day,
    count(*) as reactions
from marts.message_events
where
    actor = 'human'
    and event_type in ('opened', 'read', 'clicked', 'replied')
    and occurred_at > now() - to_days($days::integer)
    and ($channel = '' or channel = $channel)
group by all
order by weekday, hour_of_day
