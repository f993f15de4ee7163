-- question: When did a campaign run?
-- metrics: audience = considered, sent | by run_id
select
    run_id,
    max(decided_at) as decided_at,
    sum(audience)::bigint as audience,
    sum(sent)::bigint as sent
from marts.campaign_results
where campaign_id = $campaign_id
group by run_id
order by decided_at desc
