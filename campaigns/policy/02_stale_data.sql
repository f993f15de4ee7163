-- outcome: stale_data
-- A source this campaign decides on was loaded longer ago than it tolerates: wait, do not send.
select
    row_id,
    $oldest_source || ' was loaded at ' || $oldest_load || ', more than ' || $most_data_age_hours || ' hours ago' as why
from undecided
where $is_stale
