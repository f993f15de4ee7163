-- description: One row per provider and month: how many messages may go out, and how many have. Loaded by pipelines/providers.
create table if not exists raw.providers__quotas (
    channel varchar not null,
    month date not null,
    quota bigint,
    used bigint,
    _loaded_at timestamptz
)
