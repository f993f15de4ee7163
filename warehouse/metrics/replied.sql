-- description: Messages answered.
-- grain: metric_date, campaign_id, run_id, channel
-- unit: messages
select
    metric_date,
    campaign_id,
    run_id,
    channel,
    replied as numerator
from marts.daily_run_metrics
