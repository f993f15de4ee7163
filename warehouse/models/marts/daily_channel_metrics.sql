-- description: One row per day (Bangkok) and channel: the funnel of the messages taken that day, with rates.
-- depends: marts.messages

-- column: metric_date      | Day on which the provider took the messages, in Bangkok.
-- column: channel          | How people were reached.
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
-- column: cost             | What providers ask for the messages, in currency.
-- column: currency         | ISO 4217 code of the cost.

-- unique: metric_date, channel
-- assert: opened_human <= opened_raw and opened_raw <= sent

with counted as (
    select
        (accepted_at at time zone 'Asia/Bangkok')::date as metric_date,
        channel,
        count(*) as sent,
        count(*) filter (delivered_at is not null) as delivered,
        count(*) filter (first_opened_at is not null) as opened_raw,
        count(*) filter (first_human_opened_at is not null) as opened_human,
        count(*) filter (first_opened_at is not null and delivered_at is not null) as delivered_and_opened_raw,
        count(*) filter (first_human_opened_at is not null and delivered_at is not null) as delivered_and_opened_human,
        count(*) filter (first_clicked_at is not null) as clicked_raw,
        count(*) filter (first_human_clicked_at is not null) as clicked_human,
        count(*) filter (replied_at is not null) as replied,
        count(*) filter (unsubscribed_at is not null) as unsubscribed,
        count(*) filter (status = 'failed') as failed,
        sum(cost_amount) as cost,
        max(cost_currency) as currency
    from marts.messages
    where accepted_at is not null
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
    delivered_and_opened_raw / nullif(delivered, 0) as open_rate_raw,
    delivered_and_opened_human / nullif(delivered, 0) as open_rate_human,
    clicked_human / sent as click_rate_human,
    cost::decimal(14, 2) as cost,
    currency
from counted
