-- description: Emails that the recipient called spam, of emails that arrived; null for other channels.
-- grain: metric_date, campaign_id, run_id, channel
-- unit: share
-- numerator: emails that the recipient complained about
-- denominator: emails that arrived
with complained as (
    select distinct message_id
    from marts.message_events
    where event_type = 'complained'
)

select
    (message.accepted_at at time zone 'Asia/Bangkok')::date as metric_date,
    message.campaign_id,
    message.run_id,
    message.channel,
    count(complained.message_id) as numerator,
    count(*) filter (message.channel = 'email' and message.delivered_at is not null) as denominator
from marts.messages as message
left join complained on complained.message_id = message.message_id
where message.accepted_at is not null
group by all
