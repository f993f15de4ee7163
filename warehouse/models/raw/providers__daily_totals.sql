-- description: One row per provider's counter, template and day of the provider: its own count. Loaded by pipelines/providers.
create table if not exists raw.providers__daily_totals (
    channel varchar not null,
    counter varchar not null,
    template_name varchar not null,
    starts_at timestamptz not null,
    ends_at timestamptz,
    status varchar,
    sent bigint,
    delivered bigint,
    read bigint,
    _loaded_at timestamptz
)
