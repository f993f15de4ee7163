-- description: One row per company, currency of its contracts or payments, and time of scoring. Appended by predictions.
create table if not exists raw.predictions__lifetime_values (
    company_id varchar not null,
    currency varchar not null,
    score decimal(14, 2),
    score_low decimal(14, 2),
    score_high decimal(14, 2),
    basis varchar not null,
    purchase_count bigint not null,
    paid_amount decimal(14, 2) not null,
    state varchar not null,
    horizon_days integer not null,
    model_version varchar not null,
    scored_at timestamptz not null
)
