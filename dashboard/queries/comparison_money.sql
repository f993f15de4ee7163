-- question: What did campaigns bring and cost, each currency for itself?
-- metrics: revenue, incremental_revenue, cost | by campaign_id, currency
with earned as (
    select
        campaign_id,
        currency,
        sum(revenue) as revenue,
        sum(incremental_revenue) as incremental_revenue
    from marts.campaign_results
    where currency is not null and campaign_id in (select unnest($campaign_ids))
    group by all
),

spent as (
    select
        campaign_id,
        currency,
        sum(cost) as cost
    from marts.daily_run_metrics
    where currency is not null and campaign_id in (select unnest($campaign_ids))
    group by all
)

select
    coalesce(earned.campaign_id, spent.campaign_id) as campaign_id,
    coalesce(earned.currency, spent.currency) as currency,
    earned.revenue,
    earned.incremental_revenue,
    spent.cost
from earned
full join spent on spent.campaign_id = earned.campaign_id and spent.currency = earned.currency
order by campaign_id, currency
