-- description: Emails taken and then returned, of emails sent; null for other channels.
-- grain: metric_date, campaign_id, run_id, variant, channel
-- unit: share
-- numerator: emails taken and then returned
-- denominator: emails taken
select
    metric_date,
    campaign_id,
    run_id,
    variant,
    channel,
    bounced as numerator,
    case when channel = 'email' then sent else 0 end as denominator
from marts.daily_run_metrics
