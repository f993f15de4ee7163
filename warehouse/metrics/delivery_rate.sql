-- description: Delivered of sent; null before anything was sent.
-- grain: campaign_id, channel
select
    campaign_id,
    channel,
    count(*) filter (delivered_at is not null) / nullif(count(*) filter (accepted_at is not null), 0) as metric_value
from marts.messages
group by all
