-- description: What was heard of messages, by the day on which it happened.
-- grain: metric_date, campaign_id, run_id, channel, event_type, actor
-- unit: events
select
    (event.occurred_at at time zone 'Asia/Bangkok')::date as metric_date,
    message.campaign_id,
    message.run_id,
    event.channel,
    event.event_type,
    event.actor,
    count(*) as numerator
from marts.message_events as event
inner join marts.messages as message on message.message_id = event.message_id
group by all
