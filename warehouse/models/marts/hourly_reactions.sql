-- description: One row per hour (Bangkok) and channel: what people did with messages. Others add it up.
-- depends: marts.message_events

-- column: metric_date | Day on which it happened, in Bangkok.
-- column: weekday     | Weekday, 1 Monday to 7.
-- column: hour_of_day | Hour in Bangkok, 0 to 23.
-- column: channel     | How people are reached.
-- column: reactions   | Messages opened, read, clicked and answered by people, each time.

-- unique: metric_date, hour_of_day, channel
-- not_null: metric_date, weekday, hour_of_day, channel, reactions
-- accepted: channel | email, whatsapp, line, sms, messenger, instagram, x

-- Of whole hours, since finding the day of a time with its zone costs more than all the rest.
with hours as (
    select
        date_trunc('hour', make_timestamp(epoch_us(occurred_at))) as hour_of_utc,
        channel,
        count(*) as reactions
    from marts.message_events
    where actor = 'human' and event_type in ('opened', 'read', 'clicked', 'replied')
    group by all
)

select
    (hour_of_utc + interval 7 hours)::date as metric_date,
    isodow(hour_of_utc + interval 7 hours) as weekday,
    hour(hour_of_utc + interval 7 hours) as hour_of_day,
    channel,
    reactions
from hours
