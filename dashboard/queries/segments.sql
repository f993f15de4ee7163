-- question: Which segments are there?
select
    segment_id,
    name,
    member_count,
    definition_version,
    computed_at
from marts.segments
order by segment_id
