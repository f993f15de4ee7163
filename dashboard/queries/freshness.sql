-- question: How fresh is each source?
select
    source_table,
    is_fresh,
    loaded_at,
    newest_row_at,
    row_count,
    mode
from marts.freshness
order by source_table
