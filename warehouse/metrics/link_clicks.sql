-- description: Clicks on tracked links, machines' too.
-- grain: campaign_id, run_id, link_id, actor
-- unit: events
select
    message.campaign_id,
    message.run_id,
    event.link_id,
    event.actor,
    count(*) as numerator
from marts.message_events as event
inner join marts.messages as message on message.message_id = event.message_id
where event.event_type = 'clicked'
group by all
