-- question: What is foreseen of one company: does it leave, and what may it be worth in each currency?
select
    churn.score as risk_share,
    churn.score_low as risk_low_share,
    churn.score_high as risk_high_share,
    churn.reasons,
    lifetime.score as lifetime_value,
    lifetime.score_low as lifetime_low,
    lifetime.score_high as lifetime_high,
    lifetime.currency,
    coalesce(churn.scored_at, lifetime.scored_at) as scored_at
from (select $company_id as wanted) as asked
left join marts.churn_scores as churn on churn.company_id = asked.wanted
left join marts.lifetime_values as lifetime on lifetime.company_id = asked.wanted
where churn.score is not null or lifetime.score is not null
order by lifetime.currency
