-- description: One row per promise of a model: how the last look at it came out. Written by the publisher.
create table if not exists raw.warehouse__checks (
    table_name varchar not null,
    check_name varchar not null,
    broken_rows bigint not null,
    checked_at timestamptz not null
)
