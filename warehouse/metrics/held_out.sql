-- description: Contacts held out, by the day of the decision, with the run's first variant.
-- grain: metric_date, campaign_id, run_id, variant, channel
-- unit: contacts
select
    (decided_at at time zone 'Asia/Bangkok')::date as metric_date,
    campaign_id,
    run_id,
    variant,
    channel,
    held_out as numerator
from marts.campaign_results
