-- description: One row per CRM table: its last good load.
-- depends: raw.crm__loads

-- column: table_name    | Raw table that was loaded.
-- column: mode          | incremental or full: how it was last read.
-- column: row_count     | Rows of the last load.
-- column: newest_row_at | Newest change in it, UTC.
-- column: loaded_at     | When we last read the row, UTC.

-- unique: table_name
-- not_null: table_name

select
    table_name,
    mode,
    row_count,
    newest_row_at,
    loaded_at
from raw.crm__loads
