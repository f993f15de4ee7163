-- description: Messages clicked by a person.
-- grain: metric_date, campaign_id, run_id, variant, channel
-- unit: messages
select
    metric_date,
    campaign_id,
    run_id,
    variant,
    channel,
    clicked_human as numerator
from marts.daily_run_metrics
