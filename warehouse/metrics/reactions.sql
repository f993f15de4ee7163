-- description: What people did with messages: opened, read, clicked, replied; by weekday and hour in Bangkok.
-- grain: metric_date, channel, weekday, hour_of_day
-- unit: events
select
    (occurred_at at time zone 'Asia/Bangkok')::date as metric_date,
    channel,
    isodow(occurred_at at time zone 'Asia/Bangkok') as weekday,
    hour(occurred_at at time zone 'Asia/Bangkok') as hour_of_day,
    count(*) as numerator
from marts.message_events
where actor = 'human' and event_type in ('opened', 'read', 'clicked', 'replied')
group by all
