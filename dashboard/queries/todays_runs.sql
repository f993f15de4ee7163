-- question: What was decided on one day, campaign by campaign?
-- metrics: considered, sent | by campaign_id, run_id
select
    campaign_id,
    run_id,
    max(decided_at) as decided_at,
    sum(audience)::bigint as considered,
    sum(sent)::bigint as sent
from marts.campaign_results
where (decided_at at time zone 'Asia/Bangkok')::date = $day::date
group by all
order by decided_at, campaign_id
