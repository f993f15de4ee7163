-- description: Contacts considered, by the day of the decision; who is held out counts with the run's first variant.
-- grain: metric_date, campaign_id, run_id, variant, channel
-- unit: contacts
select
    (decided_at at time zone 'Asia/Bangkok')::date as metric_date,
    campaign_id,
    run_id,
    variant,
    channel,
    audience as numerator
from marts.campaign_results
