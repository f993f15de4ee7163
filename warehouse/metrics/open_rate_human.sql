-- description: Opened or read by a person, of delivered.
-- grain: campaign_id, channel
select
    campaign_id,
    channel,
    count(*) filter (first_human_opened_at is not null and delivered_at is not null)
    / nullif(count(*) filter (delivered_at is not null), 0) as metric_value
from marts.messages
group by all
