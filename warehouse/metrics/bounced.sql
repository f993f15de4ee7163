-- description: Emails taken and then returned.
-- grain: metric_date, campaign_id, run_id, variant, channel
-- unit: messages
select
    metric_date,
    campaign_id,
    run_id,
    variant,
    channel,
    bounced as numerator
from marts.daily_run_metrics
