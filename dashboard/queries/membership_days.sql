-- question: How many contacts were in a segment at the end of each of the last $days days?
select
    days.day,
    count(distinct membership.contact_id) as members
from (
    select unnest(generate_series(current_date - $days::integer, current_date, interval 1 day))::date as day
) as days
left join marts.segment_memberships as membership
    on
        membership.segment_id = $segment_id
        and membership.valid_from < (days.day + 1)::timestamp at time zone 'Asia/Bangkok'
        and (membership.valid_to is null or membership.valid_to >= (days.day + 1)::timestamp at time zone 'Asia/Bangkok')
group by days.day
order by days.day
