-- question: Which links of a campaign were clicked, by people and by machines?
-- metrics: clicks = link_clicks | by link_id, actor
select
    event.link_id,
    event.actor,
    count(*) as clicks,
    count(distinct event.message_id) as messages
from marts.message_events as event
inner join marts.messages as message on message.message_id = event.message_id
where
    message.campaign_id = $campaign_id
    and ($run_id = '' or message.run_id = $run_id)
    and event.event_type = 'clicked'
group by all
order by clicks desc, event.actor
