-- description: Opened or read by a person, of delivered.
-- grain: metric_date, campaign_id, run_id, variant, channel
-- unit: share
-- numerator: delivered messages opened or read by a person
-- denominator: messages that arrived
select
    metric_date,
    campaign_id,
    run_id,
    variant,
    channel,
    opened_human_arrived as numerator,
    delivered as denominator
from marts.daily_run_metrics
