-- description: Answered, of sent.
-- grain: metric_date, campaign_id, run_id, variant, channel
-- unit: share
-- numerator: messages answered
-- denominator: messages taken
select
    metric_date,
    campaign_id,
    run_id,
    variant,
    channel,
    replied as numerator,
    sent as denominator
from marts.daily_run_metrics
