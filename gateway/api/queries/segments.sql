-- question: Which segments are there, and how many are in them?
select
    segment_id,
    name,
    definition_version,
    member_count,
    computed_at
from marts.segments
order by segment_id
