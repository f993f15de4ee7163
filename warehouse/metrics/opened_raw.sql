-- description: Messages opened or read by anybody, machines too.
-- grain: metric_date, campaign_id, run_id, variant, channel
-- unit: messages
select
    metric_date,
    campaign_id,
    run_id,
    variant,
    channel,
    opened_raw as numerator
from marts.daily_run_metrics
