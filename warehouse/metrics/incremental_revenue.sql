-- description: Revenue less what the holdout's rate would have brought, by the day of the decision; each currency for itself.
-- grain: metric_date, campaign_id, run_id, variant, channel, currency
-- unit: amount
select
    (decided_at at time zone 'Asia/Bangkok')::date as metric_date,
    campaign_id,
    run_id,
    variant,
    channel,
    currency,
    incremental_revenue as numerator
from marts.campaign_results
where currency is not null
