-- description: One row per active contact and time of scoring. Appended by predictions.
create table if not exists raw.predictions__send_time_scores (
    contact_id varchar not null,
    company_id varchar not null,
    best_hour integer,
    best_weekday integer,
    score double,
    score_low double,
    score_high double,
    evidence_count bigint not null,
    basis varchar not null,
    state varchar not null,
    model_version varchar not null,
    scored_at timestamptz not null
)
