-- description: Clicked by a person, of sent: LINE reports no delivery.
-- grain: metric_date, campaign_id, run_id, variant, channel
-- unit: share
-- numerator: messages clicked by a person
-- denominator: messages taken
select
    metric_date,
    campaign_id,
    run_id,
    variant,
    channel,
    clicked_human as numerator,
    sent as denominator
from marts.daily_run_metrics
