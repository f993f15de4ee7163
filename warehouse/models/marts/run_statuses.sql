-- description: One row per run, channel, status and, of what did not arrive, why: how many messages stand there now.
-- depends: marts.messages

-- column: campaign_id | Campaign.
-- column: run_id      | One occurrence of a campaign.
-- column: channel     | How people are reached.
-- column: status      | Where it stands on the ladder, or how it ended.
-- column: error_class | What the failure means for us; null if nothing failed.
-- column: error_code  | The provider's code; null if it gave none.
-- column: reason      | Why it failed, was suppressed or waits, in words; null if nothing is to be said.
-- column: messages    | Messages.

-- unique: run_id, channel, status, error_class, error_code, reason
-- not_null: campaign_id, run_id, channel, status, messages
-- accepted: status | planned, claimed, in_doubt, accepted, held, sent, delivered, read, failed, expired, cancelled, suppressed
-- accepted: channel | email, whatsapp, line, sms, messenger, instagram, x
-- key: run_id
-- touched: select run_id as key, min(planned_at) as since from raw.journal__messages where run_id in (
-- touched: select run_id from raw.journal__messages where _load_number > taken('journal__messages')
-- touched: ) group by run_id
-- relation: campaign_id -> staging.journal__campaigns.campaign_id
-- relation: run_id -> staging.journal__campaign_runs.run_id

select
    any_value(campaign_id) as campaign_id,
    run_id,
    channel,
    status,
    error_class,
    error_code,
    reason,
    count(*) as messages
from marts.messages
--+ where run_id in (select key from touched) and planned_at >= touched_since()
group by all
