-- question: What did writing earn, against the companies held out?
from marts.campaign_lift
where campaign_id = $campaign_id
