-- question: How many companies are at which risk of leaving, in steps of ten percent?
select
    step * 10 as risk_from_percent,
    count(churn.score) as companies
from range(0, 10) as steps (step)
left join marts.churn_scores as churn on least(floor(churn.score * 10), 9) = step
group by step
order by step
