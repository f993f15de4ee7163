-- description: Emails taken and then returned, of emails sent; null for other channels.
-- grain: campaign_id, channel
select
    campaign_id,
    channel,
    count(*) filter (channel = 'email' and status = 'failed' and accepted_at is not null)
    / nullif(count(*) filter (channel = 'email' and accepted_at is not null), 0) as metric_value
from marts.messages
group by all
