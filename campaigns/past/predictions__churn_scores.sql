-- description: Scores made by getvariable('now').
select *
from present.raw.predictions__churn_scores
where scored_at <= getvariable('now')
