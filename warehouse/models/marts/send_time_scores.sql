-- description: One row per contact that was active at the last scoring: when the person most likely reacts.
-- depends: staging.predictions__send_time_scores

-- column: contact_id     | CRM contact.
-- column: company_id     | CRM company.
-- column: best_hour      | Hour at the contact's place, 9 to 16, at which a reaction is likeliest; null without enough history.
-- column: best_weekday   | Weekday, 1 Monday to 5, on which a reaction is likeliest.
-- column: score          | Share of the contact's reactions expected in the best hour, 0 to 1; 1/24 says nothing.
-- column: score_low      | Lower end of its 95 % interval.
-- column: score_high     | Upper end of its 95 % interval.
-- column: evidence_count | The contact's own reactions it rests on.
-- column: basis          | Whose reactions it rests on most: contact, company or everybody.
-- column: state          | scored, or not_enough_history.
-- column: model_version  | Model that scored.
-- column: scored_at      | When it was scored, UTC.

-- unique: contact_id
-- not_null: contact_id, state, model_version, scored_at
-- accepted: basis | contact, company, everybody
-- accepted: state | scored, not_enough_history
-- assert: score between score_low - 1e-9 and score_high + 1e-9 and score_low >= 0 and score_high <= 1
-- relation: contact_id -> marts.contacts.contact_id | warning: whom the CRM deleted is not here after a rebuild from it
-- relation: company_id -> marts.companies.company_id | warning: whom the CRM deleted is not here after a rebuild from it
-- relation: model_version -> marts.prediction_models.model_version

select
    contact_id,
    company_id,
    best_hour,
    best_weekday,
    score,
    score_low,
    score_high,
    evidence_count,
    basis,
    state,
    model_version,
    scored_at
from staging.predictions__send_time_scores
where scored_at = (select max(newest.scored_at) from staging.predictions__send_time_scores as newest)
