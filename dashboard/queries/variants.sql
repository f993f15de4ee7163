-- question: How did each variant do, and what did it bring?
-- metrics: considered, sent, delivered, opened_human, clicked_human, replied, unsubscribed | by variant
-- metrics: revenue, incremental_revenue | by variant, currency
select
    variant,
    currency,
    sum(audience)::bigint as considered,
    sum(sent)::bigint as sent,
    sum(delivered)::bigint as delivered,
    sum(opened_human)::bigint as opened_human,
    sum(clicked_human)::bigint as clicked_human,
    sum(replied)::bigint as replied,
    sum(unsubscribed)::bigint as unsubscribed,
    sum(revenue) as revenue,
    sum(incremental_revenue) as incremental_revenue
from marts.campaign_results
where campaign_id = $campaign_id and ($run_id = '' or run_id = $run_id)
group by all
order by variant, currency
