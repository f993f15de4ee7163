-- description: Messages after which the person opted out.
-- grain: metric_date, campaign_id, run_id, variant, channel
-- unit: messages
select
    metric_date,
    campaign_id,
    run_id,
    variant,
    channel,
    unsubscribed as numerator
from marts.daily_run_metrics
