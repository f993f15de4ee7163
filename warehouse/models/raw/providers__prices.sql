-- description: One row per price of a message, as the user's prices.toml has them. Loaded by pipelines/providers with each build.
create table if not exists raw.providers__prices (
    channel varchar not null,
    category varchar not null,
    country varchar not null,
    calling_code varchar not null,
    amount decimal(12, 6) not null,
    currency varchar not null,
    valid_from date not null
)
