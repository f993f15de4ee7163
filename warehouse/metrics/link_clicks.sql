-- description: Clicks on tracked links, machines' too.
-- grain: campaign_id, run_id, link_id, actor
-- unit: events
select
    campaign_id,
    run_id,
    link_id,
    actor,
    clicks as numerator
from marts.run_link_clicks
