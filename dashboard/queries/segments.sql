-- question: Which segments are there?
select
    segment_id,
    name,
    name_th,
    member_count,
    definition_version,
    computed_at
from marts.segments
qualify row_number() over (partition by segment_id order by computed_at desc) = 1
order by segment_id
