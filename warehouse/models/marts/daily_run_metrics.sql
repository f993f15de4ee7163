-- description: One row per day (Bangkok), run, variant and channel: the funnel of the messages taken that day, test sends
-- description: apart. Others add it up.
-- depends: marts.messages

-- column: metric_date          | Day on which the provider took the messages, in Bangkok.
-- column: campaign_id          | Campaign.
-- column: run_id               | One occurrence of a campaign.
-- column: variant              | Arm of the experiment.
-- column: channel              | How people are reached.
-- column: sent                 | Messages the provider took.
-- column: delivered            | Messages that arrived, where the channel says so.
-- column: opened_raw           | Messages opened or read by anybody, machines too.
-- column: opened_human         | Messages opened or read by a person.
-- column: opened_raw_arrived   | Those of opened_raw of which the channel says that they arrived.
-- column: opened_human_arrived | Those of opened_human of which the channel says that they arrived.
-- column: clicked_raw          | Messages clicked by anybody, machines too.
-- column: clicked_human        | Messages clicked by a person.
-- column: replied              | Messages answered.
-- column: unsubscribed         | Messages after which the person opted out.
-- column: complained           | Messages that the person called spam.
-- column: bounced              | Emails that came back.
-- column: failed               | Messages that failed after they were taken.
-- column: cost                 | What providers ask for the messages, in currency, of those whose price is known; null with two currencies.
-- column: currency             | ISO 4217 code of the cost.
-- column: unpriced             | Messages the provider took of which nobody knows yet what they cost.

-- unique: metric_date, campaign_id, run_id, variant, channel
-- not_null: campaign_id, run_id, metric_date, variant, channel
-- accepted: channel | email, whatsapp, line, sms, messenger, instagram, x
-- key: run_id
-- touched: select run_id as key, min(planned_at) as since from raw.journal__messages where run_id in (
-- touched: select run_id from raw.journal__messages where _load_number > taken('journal__messages')
-- touched: or message_id in (select message_id from raw.journal__events where _load_number > taken('journal__events'))
-- touched: ) group by run_id
-- assert: unpriced <= sent
-- assert: opened_human <= opened_raw and opened_raw <= sent
-- assert: opened_human_arrived <= opened_raw_arrived and opened_raw_arrived <= delivered
-- relation: campaign_id -> staging.journal__campaigns.campaign_id
-- relation: run_id -> staging.journal__campaign_runs.run_id

select
    (accepted_at at time zone 'Asia/Bangkok')::date as metric_date,
    campaign_id,
    run_id,
    coalesce(variant, 'a') as variant,
    channel,
    count(*) as sent,
    count(*) filter (delivered_at is not null) as delivered,
    count(*) filter (first_opened_at is not null) as opened_raw,
    count(*) filter (first_human_opened_at is not null) as opened_human,
    count(*) filter (first_opened_at is not null and delivered_at is not null) as opened_raw_arrived,
    count(*) filter (first_human_opened_at is not null and delivered_at is not null) as opened_human_arrived,
    count(*) filter (first_clicked_at is not null) as clicked_raw,
    count(*) filter (first_human_clicked_at is not null) as clicked_human,
    count(*) filter (replied_at is not null) as replied,
    count(*) filter (unsubscribed_at is not null) as unsubscribed,
    count(*) filter (complained_at is not null) as complained,
    count(*) filter (channel = 'email' and status = 'failed') as bounced,
    count(*) filter (status = 'failed') as failed,
    case when coalesce(min(cost_currency) = max(cost_currency), true) then sum(cost_amount) end as cost,
    case when coalesce(min(cost_currency) = max(cost_currency), true) then max(cost_currency) end as currency,
    count(*) filter (cost_amount is null) as unpriced
from marts.messages
where accepted_at is not null and variant is distinct from 'test'
--+ and run_id in (select key from touched) and planned_at >= touched_since()
group by all
