-- question: How many contacts do segments share now?
-- metrics: contacts = shared_members | by segment, other_segment
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
    count(*) as contacts
from held as one
inner join held as other on other.contact_id = one.contact_id
group by all
order by segment, other_segment
