-- description: One row per churn model and group of companies with similar scores in its past window: how many were to leave,
-- description: and how many did.
-- depends: marts.prediction_models

-- column: model_version  | Hash of features, code and the rows it was fitted on.
-- column: is_in_use      | Whether the model is the newest of its kind.
-- column: score_group    | 1 for the companies with the lowest scores, and so on.
-- column: companies      | Companies in the group.
-- column: predicted_rate | Mean of their scores, 0 to 1.
-- column: left_count     | Companies that left.
-- column: left_rate      | Share that left, 0 to 1.
-- column: left_rate_low  | Lower end of its 95 % interval (Wilson).
-- column: left_rate_high | Upper end of its 95 % interval.

-- unique: model_version, score_group
-- not_null: model_version, score_group, companies, predicted_rate, left_count
-- assert: left_count between 0 and companies
-- relation: model_version -> marts.prediction_models.model_version

with bins as (
    select
        model_version,
        is_in_use,
        unnest(range(1, json_array_length(figures::json -> '$.bins')::bigint + 1)) as score_group,
        figures::json -> '$.bins' -> (score_group - 1) as bin
    from marts.prediction_models
    where model_id = 'churn' and figures <> '{}'
),

counted as (
    select
        model_version,
        is_in_use,
        score_group,
        (bin ->> '$.rows')::bigint as companies,
        (bin ->> '$.predicted')::double as predicted_rate,
        (bin ->> '$.happened')::bigint as left_count
    from bins
)

select
    model_version,
    is_in_use,
    score_group,
    companies,
    predicted_rate,
    left_count,
    left_count / companies as left_rate,
    wilson_low(left_count, companies) as left_rate_low,
    wilson_high(left_count, companies) as left_rate_high
from counted
