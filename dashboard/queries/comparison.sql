-- question: How do campaigns compare, each over all of its runs?
select
    campaign_id,
    count(distinct run_id) as runs,
    sum(audience)::bigint as considered,
    sum(sent)::bigint as sent,
    sum(delivered)::bigint as delivered,
    sum(opened_human)::bigint as opened_human,
    sum(clicked_human)::bigint as clicked_human,
    sum(replied)::bigint as replied,
    sum(unsubscribed)::bigint as unsubscribed
from marts.campaign_results
where campaign_id in (select unnest($campaign_ids))
group by campaign_id
order by campaign_id
