-- description: One row per run, tracked link and actor: its clicks, and the messages in which it was clicked. A message
-- description: belongs to one run: both add up over runs; messages do not over links and actors.
-- depends: marts.message_events, marts.messages

-- column: campaign_id      | Campaign.
-- column: run_id           | One occurrence of a campaign.
-- column: link_id          | Tracked link, of a click; null where the provider does not say which.
-- column: actor            | human, machine or unknown.
-- column: clicks           | Clicks.
-- column: clicked_messages | Messages in which the link was clicked, each once.

-- unique: run_id, link_id, actor
-- not_null: campaign_id, run_id, actor, clicks, clicked_messages
-- accepted: actor | human, machine, unknown
-- key: run_id
-- touched: select run_id as key, min(planned_at) as since from raw.journal__messages where run_id in (
-- touched: select run_id from raw.journal__messages where _load_number > taken('journal__messages')
-- touched: or message_id in (select message_id from raw.journal__events where _load_number > taken('journal__events'))
-- touched: ) group by run_id
-- relation: campaign_id -> staging.journal__campaigns.campaign_id
-- relation: run_id -> staging.journal__campaign_runs.run_id
-- unrelated: link_id | inside the message's text; no table lists links

select
    any_value(message.campaign_id) as campaign_id,
    message.run_id,
    event.link_id,
    event.actor,
    count(*) as clicks,
    count(distinct event.message_id) as clicked_messages
from marts.message_events as event
inner join marts.messages as message on message.message_id = event.message_id
where
    event.event_type = 'clicked'
    --+ and message.run_id in (select key from touched) and message.planned_at >= touched_since()
group by all
