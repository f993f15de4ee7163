-- description: Memberships that began, by day.
-- grain: metric_date, segment_id
-- unit: contacts
select
    (valid_from at time zone 'Asia/Bangkok')::date as metric_date,
    segment_id,
    count(*) as numerator
from marts.segment_memberships
group by all
