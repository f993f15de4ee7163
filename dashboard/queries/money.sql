-- question: What did the runs of some days bring, and what do the providers ask for those days, each currency for itself?
-- metrics: revenue, incremental_revenue, cost | by currency
with earned as (
    select
        currency,
        sum(revenue) as revenue,
        sum(incremental_revenue) as incremental_revenue
    from marts.campaign_results
    where currency is not null and (decided_at at time zone 'Asia/Bangkok')::date between $first::date and $last::date
    group by currency
),

spent as (
    select
        currency,
        sum(cost) as cost
    from marts.daily_run_metrics
    where currency is not null and metric_date between $first::date and $last::date
    group by currency
)

select
    coalesce(earned.currency, spent.currency) as currency,
    earned.revenue,
    earned.incremental_revenue,
    spent.cost
from earned
full join spent on spent.currency = earned.currency
order by currency
