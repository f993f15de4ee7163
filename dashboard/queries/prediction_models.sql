-- question: Which models score now, from how much did they learn, and when?
select
    model_id,
    state,
    fitted_at,
    row_count,
    event_count,
    model_version
from marts.prediction_models
where is_in_use
order by model_id
