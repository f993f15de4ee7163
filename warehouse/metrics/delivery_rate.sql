-- description: Delivered of sent; null for LINE, which reports none.
-- grain: metric_date, campaign_id, run_id, variant, channel
-- unit: share
-- numerator: messages that arrived
-- denominator: messages taken, but for LINE
select
    metric_date,
    campaign_id,
    run_id,
    variant,
    channel,
    case when channel <> 'line' then delivered else 0 end as numerator,
    case when channel <> 'line' then sent else 0 end as denominator
from marts.daily_run_metrics
