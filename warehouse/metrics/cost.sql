-- description: What providers ask for the messages, by the day they took them; each currency for itself.
-- grain: metric_date, campaign_id, run_id, variant, channel, currency
-- unit: amount
select
    metric_date,
    campaign_id,
    run_id,
    variant,
    channel,
    currency,
    cost as numerator
from marts.daily_run_metrics
where currency is not null
