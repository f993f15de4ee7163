-- description: What was heard of messages, by the day on which it happened.
-- grain: metric_date, campaign_id, run_id, channel, event_type, actor
-- unit: events
select
    metric_date,
    campaign_id,
    run_id,
    channel,
    event_type,
    actor,
    events as numerator
from marts.daily_run_events
