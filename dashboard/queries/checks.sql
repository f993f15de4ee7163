-- question: Which promises do the tables keep?
select
    table_name as source_table,
    check_name,
    severity,
    is_ok,
    broken_rows,
    sample,
    query,
    checked_at
from marts.checks
order by is_ok, severity, source_table, check_name
