-- features: When people reacted, as heard by $now: opens, reads, clicks and replies of the last year, machines left out.
-- One row per contact, weekday (1 Monday to 7) and hour at the contact's place; what came within an hour of each other from
-- one message counts once.
with reacted as (
    select distinct
        event.contact_id,
        event.message_id,
        date_trunc('hour', event.occurred_at at time zone contact.time_zone) as at_hour,
        contact.company_id
    from marts.message_events as event
    inner join marts.contacts as contact on contact.contact_id = event.contact_id and contact.is_active
    where
        event.actor = 'human'
        and event.event_type in ('opened', 'read', 'clicked', 'replied')
        and event.received_at <= $now::timestamptz
        and event.occurred_at between $now::timestamptz - interval 365 days and $now::timestamptz
)

select
    contact_id,
    any_value(company_id) as company_id,
    isodow(at_hour)::integer as weekday,
    hour(at_hour)::integer as hour_of_day,
    count(*) as reactions
from reacted
group by contact_id, weekday, hour_of_day
order by contact_id, weekday, hour_of_day
