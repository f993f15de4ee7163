-- question: Which promises do the tables keep?
select
    table_name as source_table,
    check_name,
    is_ok,
    broken_rows,
    checked_at
from marts.checks
order by is_ok, source_table, check_name
