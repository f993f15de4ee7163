-- description: Messages clicked by anybody, machines too.
-- grain: metric_date, campaign_id, run_id, variant, channel
-- unit: messages
select
    metric_date,
    campaign_id,
    run_id,
    variant,
    channel,
    clicked_raw as numerator
from marts.daily_run_metrics
