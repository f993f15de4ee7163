-- description: Clicked by a person, of sent: LINE reports no delivery.
-- grain: campaign_id, channel
select
    campaign_id,
    channel,
    count(*) filter (first_human_clicked_at is not null and accepted_at is not null)
    / nullif(count(*) filter (accepted_at is not null), 0) as metric_value
from marts.messages
group by all
