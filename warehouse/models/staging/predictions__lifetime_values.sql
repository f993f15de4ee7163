-- description: One row per company, currency of its contracts or payments, and time of scoring.
-- depends: raw.predictions__lifetime_values

-- column: company_id     | CRM company.
-- column: currency       | ISO 4217 code of the amounts; amounts of two currencies are never added.
-- column: score          | What it may be worth within the horizon, without VAT, in currency; null without enough history.
-- column: score_low      | Lower end of the interval that holds it in 95 of 100 cases, in currency.
-- column: score_high     | Upper end of it, in currency.
-- column: basis          | What it is made of: contracts and their renewals, or purchases where there is no contract.
-- column: purchase_count | Days on which it bought.
-- column: paid_amount    | What it has paid so far, without VAT, in currency.
-- column: state          | scored, or not_enough_history.
-- column: horizon_days   | Days until the end of the horizon.
-- column: model_version  | Model that scored.
-- column: scored_at      | When it was scored, UTC.

-- unique: company_id, currency, scored_at
-- not_null: company_id, currency, state, model_version, scored_at
-- accepted: basis | contracts, purchases
-- accepted: state | scored, not_enough_history
-- assert: score >= 0 and score_low <= score_high

select
    company_id,
    currency,
    score,
    score_low,
    score_high,
    basis,
    purchase_count,
    paid_amount,
    state,
    horizon_days,
    model_version,
    scored_at
from raw.predictions__lifetime_values
