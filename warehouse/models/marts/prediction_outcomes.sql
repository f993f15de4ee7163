-- description: One row per model and currency ('' where there is none): what it foresaw for a past window it had not seen, and
-- description: what happened there. Of churn companies that left, of lifetime values what contracts came to.
-- depends: marts.prediction_models

-- column: model_id          | churn or lifetime_value.
-- column: model_version     | Hash of features, code and the rows it was fitted on.
-- column: currency          | ISO 4217 code of what contracts came to; empty for churn.
-- column: is_in_use         | Whether the model is the newest of its kind.
-- column: window_from       | When the window began; nothing younger was known to what is judged, UTC.
-- column: window_until      | When the window ended, UTC.
-- column: predicted         | Companies foreseen to leave, or the amount foreseen, in currency.
-- column: happened          | Companies that left, or the amount there was, in currency.
-- column: verdict           | agrees, too_high or too_low: beyond chance, or by more than a tenth.
-- column: auc               | Chance that a company which left was ranked above one that stayed; null without both.
-- column: brier             | Mean squared error of the chances; smaller is better.
-- column: brier_base_rate   | The same of who gives every company the share that left.
-- column: calibration_error | Mean distance of predicted and happened shares over five groups.

-- unique: model_version, currency
-- not_null: model_version, model_id, currency, predicted, happened
-- accepted: model_id | churn, lifetime_value
-- accepted: verdict | agrees, too_high, too_low
-- relation: model_version -> marts.prediction_models.model_version
-- unrelated: model_id | what is predicted, in one word

with judged as (
    select
        model_id,
        model_version,
        is_in_use,
        '' as currency,
        figures::json as told
    from marts.prediction_models
    where model_id = 'churn' and figures <> '{}'
    union all
    select
        model_id,
        model_version,
        is_in_use,
        unnest(json_keys(figures::json)) as currency,
        figures::json -> currency as told
    from marts.prediction_models
    where model_id = 'lifetime_value'
)

select
    model_id,
    model_version,
    currency,
    is_in_use,
    (told ->> '$.window_from')::timestamptz as window_from,
    (told ->> '$.window_until')::timestamptz as window_until,
    (told ->> '$.predicted')::double as predicted,
    (told ->> '$.happened')::double as happened,
    told ->> '$.verdict' as verdict,
    (told ->> '$.auc')::double as auc,
    (told ->> '$.brier')::double as brier,
    (told ->> '$.brier_base_rate')::double as brier_base_rate,
    (told ->> '$.calibration_error')::double as calibration_error
from judged
