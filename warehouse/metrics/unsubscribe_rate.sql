-- description: After which the person opted out, of sent.
-- grain: metric_date, campaign_id, run_id, variant, channel
-- unit: share
-- numerator: messages after which the person opted out
-- denominator: messages taken
select
    metric_date,
    campaign_id,
    run_id,
    variant,
    channel,
    unsubscribed as numerator,
    sent as denominator
from marts.daily_run_metrics
