-- question: Which links of a campaign were clicked, by people and by machines?
-- metrics: clicks = link_clicks | by link_id, actor
select
    link_id,
    actor,
    sum(clicks)::bigint as clicks,
    sum(clicked_messages)::bigint as messages
from marts.run_link_clicks
where campaign_id = $campaign_id and ($run_id = '' or run_id = $run_id)
group by all
order by clicks desc, actor
