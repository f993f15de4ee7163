-- description: One row per publication from a lake: readers of every host copy the snapshot of the newest.
-- column: snapshot_id  | DuckLake's number of the state.
-- column: published_at | When it was published, UTC.
create table if not exists raw.warehouse__releases (
    snapshot_id bigint not null,
    published_at timestamptz not null
)
