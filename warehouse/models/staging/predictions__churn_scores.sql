-- description: One row per company with a contract in force and time of scoring.
-- depends: raw.predictions__churn_scores

-- column: company_id    | CRM company.
-- column: score         | Chance that it has no contract in force at the end of the horizon, 0 to 1; null without enough history.
-- column: score_low     | Lower end of its 95 % interval.
-- column: score_high    | Upper end of its 95 % interval.
-- column: reasons       | What raises the score most: features with _high or _low.
-- column: state         | scored, or not_enough_history.
-- column: horizon_days  | Days until the end of the horizon.
-- column: model_version | Model that scored.
-- column: scored_at     | When it was scored, UTC.

-- unique: company_id, scored_at
-- not_null: company_id, state, model_version, scored_at
-- accepted: state | scored, not_enough_history
-- assert: score between score_low - 1e-9 and score_high + 1e-9 and score_low >= 0 and score_high <= 1

select
    company_id,
    score,
    score_low,
    score_high,
    reasons,
    state,
    horizon_days,
    model_version,
    scored_at
from raw.predictions__churn_scores
