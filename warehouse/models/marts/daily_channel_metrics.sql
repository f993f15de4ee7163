-- description: One row per day (Bangkok) and channel: the funnel of the messages taken that day, with rates.
-- depends: marts.daily_run_metrics

-- column: metric_date      | Day on which the provider took the messages, in Bangkok.
-- column: channel          | How people are reached.
-- column: sent             | Messages the provider took.
-- column: delivered        | Messages that arrived, where the channel says so.
-- column: opened_raw       | Messages opened or read by anybody, machines too.
-- column: opened_human     | Messages opened or read by a person.
-- column: clicked_raw      | Messages clicked by anybody, machines too.
-- column: clicked_human    | Messages clicked by a person.
-- column: replied          | Messages answered.
-- column: unsubscribed     | Messages after which the person opted out.
-- column: failed           | Messages that failed after they were taken.
-- column: delivery_rate    | delivered / sent; null for LINE, which reports none.
-- column: open_rate_raw    | Opened by anybody, machines too, of delivered.
-- column: open_rate_human  | Opened by a person, of delivered.
-- column: click_rate_human | clicked_human / sent.
-- column: cost             | What providers ask for the messages, in currency, of those whose price is known; null with two currencies.
-- column: currency         | ISO 4217 code of the cost.
-- column: unpriced         | Messages the provider took of which nobody knows yet what they cost.

-- unique: metric_date, channel
-- not_null: metric_date, channel
-- accepted: channel | email, whatsapp, line, sms, messenger, instagram, x
-- assert: opened_human <= opened_raw and opened_raw <= sent

with counted as (
    select
        metric_date,
        channel,
        sum(sent)::bigint as sent,
        sum(delivered)::bigint as delivered,
        sum(opened_raw)::bigint as opened_raw,
        sum(opened_human)::bigint as opened_human,
        sum(opened_raw_arrived)::bigint as opened_raw_arrived,
        sum(opened_human_arrived)::bigint as opened_human_arrived,
        sum(clicked_raw)::bigint as clicked_raw,
        sum(clicked_human)::bigint as clicked_human,
        sum(replied)::bigint as replied,
        sum(unsubscribed)::bigint as unsubscribed,
        sum(failed)::bigint as failed,
        case when coalesce(min(currency) = max(currency), true) then sum(cost) end as cost,
        case when coalesce(min(currency) = max(currency), true) then max(currency) end as currency,
        sum(unpriced)::bigint as unpriced
    from marts.daily_run_metrics
    group by all
)

select
    metric_date,
    channel,
    sent,
    delivered,
    opened_raw,
    opened_human,
    clicked_raw,
    clicked_human,
    replied,
    unsubscribed,
    failed,
    case when channel <> 'line' then delivered / sent end as delivery_rate,
    opened_raw_arrived / nullif(delivered, 0) as open_rate_raw,
    opened_human_arrived / nullif(delivered, 0) as open_rate_human,
    clicked_human / sent as click_rate_human,
    cost::decimal(18, 6) as cost,
    currency,
    unpriced
from counted
