-- description: Messages that failed after the provider took them.
-- grain: metric_date, campaign_id, run_id, variant, channel
-- unit: messages
select
    metric_date,
    campaign_id,
    run_id,
    variant,
    channel,
    failed as numerator
from marts.daily_run_metrics
