-- outcome: stale_data
-- The CRM was read too long ago: wait, do not send.
select *, 'the oldest source was loaded at ' || $oldest_load || ', more than ' || $most_data_age_hours || ' hours ago' as why
from undecided
where $is_stale
