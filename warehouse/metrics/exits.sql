-- description: Memberships that ended, by day.
-- grain: metric_date, segment_id
-- unit: contacts
select
    (valid_to at time zone 'Asia/Bangkok')::date as metric_date,
    segment_id,
    count(*) as numerator
from marts.segment_memberships
where valid_to is not null
group by all
