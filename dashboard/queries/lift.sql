-- question: What did writing earn, against the companies held out?
-- metrics: lift | by campaign_id
from marts.campaign_lift
where campaign_id = $campaign_id
