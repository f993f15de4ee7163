-- description: Messages answered.
-- grain: metric_date, campaign_id, run_id, variant, channel
-- unit: messages
select
    metric_date,
    campaign_id,
    run_id,
    variant,
    channel,
    replied as numerator
from marts.daily_run_metrics
