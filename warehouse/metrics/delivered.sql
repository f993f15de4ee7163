-- description: Messages that arrived, where the channel says so.
-- grain: campaign_id, channel
select
    campaign_id,
    channel,
    count(*) filter (delivered_at is not null) as metric_value
from marts.messages
group by all
