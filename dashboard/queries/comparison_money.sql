-- question: What did campaigns bring and cost, each currency for itself?
select
    campaign_id,
    currency,
    sum(revenue) as revenue,
    sum(incremental_revenue) as incremental_revenue,
    sum(cost) as cost
from marts.campaign_results
where currency is not null and campaign_id in (select unnest($campaign_ids))
group by all
order by campaign_id, currency
