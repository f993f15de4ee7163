-- question: How fresh is each source?
select
    source_table,
    is_fresh,
    loaded_at,
    (epoch(expected_within) / 60)::integer as expected_minutes,
    is_decided_on,
    newest_row_at,
    row_count,
    mode
from marts.freshness
order by source_table
