-- question: Which campaigns have run, and what came of them?
-- metrics: considered, sent, delivered, opened_human, clicked_human, replied, unsubscribed | by campaign_id
select
    campaign_id,
    count(distinct run_id) as runs,
    sum(audience)::bigint as considered,
    sum(sent)::bigint as sent,
    sum(delivered)::bigint as delivered,
    sum(opened_human)::bigint as opened_human,
    sum(clicked_human)::bigint as clicked_human,
    sum(replied)::bigint as replied,
    sum(unsubscribed)::bigint as unsubscribed,
    max(decided_at) as last_run_at
from marts.campaign_results
group by campaign_id
order by campaign_id
