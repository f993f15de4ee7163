-- description: Scores made by getvariable('now').
select *
from present.raw.predictions__lifetime_values
where scored_at <= getvariable('now')
