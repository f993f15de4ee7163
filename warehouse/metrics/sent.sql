-- description: Messages the provider took.
-- grain: campaign_id, channel
select
    campaign_id,
    channel,
    count(*) filter (accepted_at is not null) as metric_value
from marts.messages
group by all
