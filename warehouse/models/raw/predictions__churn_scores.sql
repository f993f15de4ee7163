-- description: One row per company with a contract in force and time of scoring. Appended by predictions.
create table if not exists raw.predictions__churn_scores (
    company_id varchar not null,
    score double,
    score_low double,
    score_high double,
    reasons varchar[],
    state varchar not null,
    horizon_days integer not null,
    model_version varchar not null,
    scored_at timestamptz not null
)
