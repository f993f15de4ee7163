-- description: One row per fitted model: from what it learnt, and whether it is the one that scores now.
-- depends: staging.predictions__models

-- column: model_id      | churn, lifetime_value or send_time.
-- column: model_version | Hash of features, code and the rows it was fitted on.
-- column: code_version  | Hash of every line that makes a prediction.
-- column: state         | fitted, or not_enough_history.
-- column: fitted_at     | When it was fitted, UTC.
-- column: fitted_until  | Nothing younger was known to it, UTC.
-- column: row_count     | Rows it was fitted on.
-- column: event_count   | Of these what it foresees: companies that left, repeat purchases, reactions.
-- column: is_in_use     | Whether it is the newest of its kind.
-- column: parameters    | What it learnt, as JSON.
-- column: figures       | How it did in a past window it had not seen, as JSON; empty where that was too little.

-- unique: model_version
-- not_null: model_version, model_id, state, fitted_at
-- accepted: model_id | churn, lifetime_value, send_time
-- accepted: state | fitted, not_enough_history
-- unrelated: model_id | what is predicted, in one word

select
    model_id,
    model_version,
    code_version,
    state,
    fitted_at,
    fitted_until,
    row_count,
    event_count,
    row_number() over (partition by model_id order by fitted_at desc, model_version) = 1 as is_in_use,
    parameters,
    figures
from staging.predictions__models
