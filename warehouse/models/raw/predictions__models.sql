-- description: One row per fitted model, or per finding that there is too little to fit one. Written by predictions.
create table if not exists raw.predictions__models (
    model_id varchar not null,
    model_version varchar not null,
    code_version varchar not null,
    state varchar not null,
    fitted_at timestamptz not null,
    fitted_until timestamptz not null,
    row_count bigint not null,
    event_count bigint not null,
    parameters varchar not null,
    figures varchar not null
)
