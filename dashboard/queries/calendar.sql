-- question: Which campaigns decided on which day, and what went out on it?
-- metrics: considered, sent | by metric_date as day, campaign_id
with decided as (
    select
        (decided_at at time zone 'Asia/Bangkok')::date as day,
        campaign_id,
        sum(audience)::bigint as considered
    from marts.campaign_results
    group by all
),

taken as (
    select
        metric_date as day,
        campaign_id,
        sum(sent)::bigint as sent
    from marts.daily_run_metrics
    group by all
)

select
    coalesce(decided.day, taken.day) as day,
    coalesce(decided.campaign_id, taken.campaign_id) as campaign_id,
    coalesce(decided.considered, 0) as considered,
    coalesce(taken.sent, 0) as sent
from decided
full join taken on taken.day = decided.day and taken.campaign_id = decided.campaign_id
where coalesce(decided.day, taken.day) >= $first::date
order by day, campaign_id
