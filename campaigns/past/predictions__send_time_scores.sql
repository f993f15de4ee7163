-- description: Scores made by getvariable('now').
select *
from present.raw.predictions__send_time_scores
where scored_at <= getvariable('now')
