-- question: How many entered and left a segment, by day?
-- metrics: contacts = entries + exits | by metric_date as day
select
    (moved_at at time zone 'Asia/Bangkok')::date as day,
    movement,
    count(*) as contacts
from (
    select valid_from as moved_at, 'in' as movement
    from marts.segment_memberships
    where segment_id = $segment_id
    union all
    select valid_to as moved_at, 'out' as movement
    from marts.segment_memberships
    where segment_id = $segment_id and valid_to is not null
)
group by all
order by day
