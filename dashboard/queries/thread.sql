-- question: What was said between one person and us, on every channel, oldest first?
select
    happened_at,
    direction,
    channel,
    what,
    detail,
    sentiment,
    said_id
from (
    select
        event.occurred_at as happened_at,
        'in' as direction,
        event.channel,
        event.event_type as what,
        event.text as detail,
        judged.sentiment,
        event.event_id as said_id
    from marts.message_events as event
    left join marts.judged_replies as judged on judged.event_id = event.event_id
    where
        event.contact_id = $contact_id
        and event.event_type in ('replied', 'followed', 'blocked', 'unsubscribed', 'complained')
    union all
    select
        accepted_at as happened_at,
        'out' as direction,
        channel,
        campaign_id as what,
        step as detail,
        null as sentiment,
        message_id as said_id
    from marts.messages
    where contact_id = $contact_id and accepted_at is not null
)
order by happened_at desc
limit 500
