-- question: What happened with one company, newest first?
with ours as materialized (
    select
        message_id,
        contact_id,
        accepted_at,
        channel,
        step
    from marts.messages
    where company_id = $company_id
)

select
    happened_at,
    kind,
    what,
    contact.name as contact,
    channel,
    detail
from (
    select
        contact_id,
        decided_at as happened_at,
        'outcome' as kind,
        outcome as what,
        channel,
        campaign_id || ' · ' || reason as detail
    from marts.decisions
    where company_id = $company_id
    union all
    select
        message.contact_id,
        event.occurred_at as happened_at,
        case event.actor when 'machine' then 'machine' else 'event' end as kind,
        event.event_type as what,
        event.channel,
        coalesce(event.text, message.step) as detail
    from marts.message_events as event
    inner join ours as message on message.message_id = event.message_id
    union all
    select
        contact_id,
        accepted_at as happened_at,
        'event' as kind,
        'accepted' as what,
        channel,
        step as detail
    from ours
    where accepted_at is not null
) as happened
left join marts.contacts as contact on contact.contact_id = happened.contact_id
order by happened_at desc
limit 500
