-- description: Emails that the recipient called spam, of emails that arrived; null for other channels.
-- grain: metric_date, campaign_id, run_id, variant, channel
-- unit: share
-- numerator: emails that the recipient complained about
-- denominator: emails that arrived
select
    metric_date,
    campaign_id,
    run_id,
    variant,
    channel,
    complained as numerator,
    case when channel = 'email' then delivered else 0 end as denominator
from marts.daily_run_metrics
