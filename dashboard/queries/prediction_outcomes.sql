-- question: What had the models in use foreseen for a past window, and what happened there?
select
    outcome.model_id,
    outcome.currency,
    outcome.window_from,
    outcome.window_until,
    outcome.predicted,
    outcome.happened,
    outcome.verdict,
    coalesce(sum(bin.companies), 0)::bigint as companies
from marts.prediction_outcomes as outcome
left join marts.churn_calibration as bin on bin.model_version = outcome.model_version
where outcome.is_in_use
group by all
order by outcome.model_id, outcome.currency
