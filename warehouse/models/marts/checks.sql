-- description: One row per promise of a model: how the look before publishing came out.
-- depends: raw.warehouse__checks

-- column: table_name  | The model's table, with its schema.
-- column: check_name  | What the model promises, in words.
-- column: is_ok       | Whether every row keeps the promise.
-- column: broken_rows | Rows that break it.
-- column: checked_at  | When it was looked at, UTC.

-- unique: check_name
-- not_null: is_ok

select
    table_name,
    check_name,
    broken_rows = 0 as is_ok,
    broken_rows,
    checked_at
from raw.warehouse__checks
