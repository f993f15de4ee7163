-- description: Conversion rate of treated companies less that of held-out ones.
-- grain: campaign_id
-- unit: difference of shares
select
    campaign_id,
    lift as metric_value
from marts.campaign_lift
