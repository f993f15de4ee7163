-- description: Messages the provider took.
-- grain: metric_date, campaign_id, run_id, variant, channel
-- unit: messages
select
    metric_date,
    campaign_id,
    run_id,
    variant,
    channel,
    sent as numerator
from marts.daily_run_metrics
