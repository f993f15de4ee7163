-- description: One row per CRM table: its last good load.
-- depends: raw.crm__loads

-- column: table_name    | Table name as its source has it.
-- column: mode          | Mode as its source has it.
-- column: row_count     | Row count as its source has it.
-- column: newest_row_at | When newest row, UTC.
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
