-- description: Amounts of the treated subjects that converted, by the day of the decision; each currency for itself.
-- grain: metric_date, campaign_id, run_id, variant, channel, currency
-- unit: amount
select
    (decided_at at time zone 'Asia/Bangkok')::date as metric_date,
    campaign_id,
    run_id,
    variant,
    channel,
    currency,
    revenue as numerator
from marts.campaign_results
where currency is not null
