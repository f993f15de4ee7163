-- description: Contacts in two segments now; with itself, all of a segment's.
-- grain: segment, other_segment
-- unit: people
with held as (
    select distinct
        segment_id,
        contact_id
    from marts.segment_memberships
    where valid_to is null
)

select
    one.segment_id as segment,
    other.segment_id as other_segment,
    count(*) as metric_value
from held as one
inner join held as other on other.contact_id = one.contact_id
group by all
