-- description: Messages the provider took of which nobody knows yet what they cost, by the day they were taken.
-- grain: metric_date, campaign_id, run_id, variant, channel
-- unit: messages
select
    metric_date,
    campaign_id,
    run_id,
    variant,
    channel,
    unpriced as numerator
from marts.daily_run_metrics
