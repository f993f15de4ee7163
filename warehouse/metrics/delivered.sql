-- description: Messages that arrived, where the channel says so.
-- grain: metric_date, campaign_id, run_id, variant, channel
-- unit: messages
select
    metric_date,
    campaign_id,
    run_id,
    variant,
    channel,
    delivered as numerator
from marts.daily_run_metrics
