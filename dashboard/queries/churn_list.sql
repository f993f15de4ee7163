-- question: Which companies may leave, how sure is that, why, and what is at stake in each currency?
with held as (
    select
        company_id,
        currency,
        (value * 365 / (end_date - start_date + 1))::decimal(14, 2) as annual_value,
        end_date
    from marts.contracts
    where
        status in ('Active', 'Renewed', 'Expired')
        and not is_deleted
        and end_date >= start_date
        and start_date <= (select (max(scored_at) at time zone 'Asia/Bangkok')::date from marts.churn_scores)
        and end_date >= (select (max(scored_at) at time zone 'Asia/Bangkok')::date from marts.churn_scores)
),

per_currency as (
    select
        company_id,
        currency,
        sum(annual_value)::decimal(14, 2) as annual_value,
        max(end_date) as end_date
    from held
    group by all
)

select
    churn.company_id,
    coalesce(company.name, churn.company_id) as name,
    churn.score as risk_share,
    churn.reasons,
    (churn.score * per_currency.annual_value)::decimal(14, 2) as value_at_risk,
    per_currency.currency,
    per_currency.end_date,
    churn.score_low as risk_low_share,
    churn.score_high as risk_high_share,
    per_currency.annual_value,
    company.country
from marts.churn_scores as churn
left join marts.companies as company on company.company_id = churn.company_id
left join per_currency on per_currency.company_id = churn.company_id
where churn.score is not null
order by churn.score desc, value_at_risk desc, churn.company_id, per_currency.currency
