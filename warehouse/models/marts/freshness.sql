-- description: One row per source table: when it was last loaded, and whether that is recent enough.
-- depends: staging.crm__loads

-- column: source_table    | Raw table.
-- column: mode            | incremental or full: how it was last read.
-- column: loaded_at       | When it was last loaded, UTC.
-- column: newest_row_at   | Newest change in it, UTC.
-- column: row_count       | Rows of the last load.
-- column: expected_within | How old the load may be.
-- column: is_fresh        | Whether the last load is that young.

-- unique: source_table
-- not_null: source_table

select
    table_name as source_table,
    mode,
    loaded_at,
    newest_row_at,
    row_count,
    interval 26 hours as expected_within,
    loaded_at >= getvariable('now') - interval 26 hours as is_fresh
from staging.crm__loads
