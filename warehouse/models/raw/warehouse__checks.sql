-- description: One row per promise of a model: how the last look at it came out. Written by the publisher.
create table if not exists raw.warehouse__checks (
    table_name varchar not null,
    check_name varchar not null,
    broken_rows bigint not null,
    checked_at timestamptz not null
);
-- Warehouses of before have the table without these.
alter table raw.warehouse__checks add column if not exists severity varchar;
alter table raw.warehouse__checks add column if not exists sample varchar;
alter table raw.warehouse__checks add column if not exists query varchar;
