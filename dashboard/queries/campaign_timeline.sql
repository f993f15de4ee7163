-- question: What happened after a campaign's messages went out, day by day?
-- metrics: events | by metric_date as day, event_type | actor: human unknown
select
    (event.occurred_at at time zone 'Asia/Bangkok')::date as day,
    event.event_type,
    count(*) as events
from marts.message_events as event
inner join marts.messages as message on message.message_id = event.message_id
where
    message.campaign_id = $campaign_id
    and ($run_id = '' or message.run_id = $run_id)
    and event.actor <> 'machine'
group by all
order by day, event.event_type
