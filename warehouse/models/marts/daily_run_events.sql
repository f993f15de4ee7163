-- description: One row per day (Bangkok), run, channel, kind of event and actor: how often it happened with the run's
-- description: messages. Others add it up.
-- depends: marts.message_events, marts.messages

-- column: metric_date | Day on which it happened, in Bangkok.
-- column: campaign_id | Campaign.
-- column: run_id      | One occurrence of a campaign.
-- column: channel     | How people are reached.
-- column: event_type  | What happened, in our words.
-- column: actor       | human, machine or unknown.
-- column: events      | Events.

-- unique: metric_date, run_id, channel, event_type, actor
-- not_null: metric_date, campaign_id, run_id, channel, event_type, actor, events
-- accepted: channel | email, whatsapp, line, sms, messenger, instagram, x
-- accepted: event_type | accepted, held, sent, delivered, opened, read, clicked, replied, bounced, failed, expired, complained, unsubscribed, resubscribed, followed, blocked, converted
-- accepted: actor | human, machine, unknown
-- key: run_id
-- touched: select run_id as key, min(planned_at) as since from raw.journal__messages where run_id in (
-- touched: select run_id from raw.journal__messages where _load_number > taken('journal__messages')
-- touched: or message_id in (select message_id from raw.journal__events where _load_number > taken('journal__events'))
-- touched: ) group by run_id
-- relation: campaign_id -> staging.journal__campaigns.campaign_id
-- relation: run_id -> staging.journal__campaign_runs.run_id

select
    -- By hand: finding the day of a time with its zone costs more than all the rest.
    (make_timestamp(epoch_us(event.occurred_at)) + interval 7 hours)::date as metric_date,
    any_value(message.campaign_id) as campaign_id,
    message.run_id,
    event.channel,
    event.event_type,
    event.actor,
    count(*) as events
from marts.message_events as event
inner join marts.messages as message on message.message_id = event.message_id
--+ where message.run_id in (select key from touched) and message.planned_at >= touched_since()
group by all
