-- question: What did the runs of some days bring and cost, each currency for itself?
select
    currency,
    sum(revenue) as revenue,
    sum(incremental_revenue) as incremental_revenue,
    sum(cost) as cost
from marts.campaign_results
where currency is not null and (decided_at at time zone 'Asia/Bangkok')::date between $first::date and $last::date
group by currency
order by currency
