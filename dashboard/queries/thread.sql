-- question: What was said between one person and us, on every channel, oldest first?
select
    happened_at,
    direction,
    channel,
    what,
    detail
from (
    select
        occurred_at as happened_at,
        'in' as direction,
        channel,
        event_type as what,
        text as detail
    from marts.message_events
    where contact_id = $contact_id and event_type in ('replied', 'followed', 'blocked', 'unsubscribed', 'complained')
    union all
    select
        accepted_at as happened_at,
        'out' as direction,
        channel,
        campaign_id as what,
        step as detail
    from marts.messages
    where contact_id = $contact_id and accepted_at is not null
)
order by happened_at
limit 500
