-- description: One row per promise of a model: how the look before publishing came out.
-- depends: raw.warehouse__checks

-- column: table_name  | The model's table, with its schema.
-- column: check_name  | What the model promises, in words.
-- column: severity    | error: a build that breaks it is not published; warning: it is.
-- column: is_ok       | Whether every row keeps the promise.
-- column: broken_rows | Rows that break it.
-- column: sample      | Keys of at most five of them, JSON, without contact details; null when all keep it.
-- column: query       | The query that shows them all, to run on the warehouse.
-- column: checked_at  | When it was looked at, UTC.

-- unique: check_name
-- not_null: table_name, check_name, severity, is_ok, broken_rows, query, checked_at
-- accepted: severity | error, warning

select
    table_name,
    check_name,
    severity,
    broken_rows = 0 as is_ok,
    broken_rows,
    sample,
    query,
    checked_at
from raw.warehouse__checks
where severity is not null
