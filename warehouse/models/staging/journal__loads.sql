-- description: One row per table of the store: its last good load.
-- depends: raw.journal__loads

-- column: table_name | Raw table that was loaded.
-- column: row_count  | Rows of the last load.
-- column: loaded_at  | When it was last loaded, UTC.

-- unique: table_name
-- not_null: table_name, loaded_at

select
    table_name,
    row_count,
    loaded_at
from raw.journal__loads
