-- question: Which campaigns ran on which day, and what went out?
select
    (decided_at at time zone 'Asia/Bangkok')::date as day,
    campaign_id,
    sum(audience)::bigint as considered,
    sum(sent)::bigint as sent
from marts.campaign_results
where (decided_at at time zone 'Asia/Bangkok')::date >= $first::date
group by all
order by day, campaign_id
