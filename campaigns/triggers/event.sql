-- description: The temporary table `anchored`: members with the newest event of the kind that a person caused. Each day
-- description: with such an event is an occasion of its own.

create or replace temp table anchored as
with happened as (
    select
        contact_id,
        max(occurred_at) as happened_at
    from marts.message_events
    where event_type = $event_type and actor <> 'machine' and occurred_at > $since and occurred_at <= $now
    group by contact_id
)

select
    member.*,
    happened.happened_at as anchored_at,
    strftime(happened.happened_at at time zone $zone, '%Y%m%d') as occasion
from members as member
inner join happened on happened.contact_id = member.contact_id
