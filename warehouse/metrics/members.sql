-- description: Contacts in a segment now, each once whatever they are in it for.
-- grain: segment_id
-- unit: people
select
    segment_id,
    count(distinct contact_id) as metric_value
from marts.segment_memberships
where valid_to is null
group by segment_id
