-- outcome: no_address
-- There is nothing to write to on any of the campaign's channels.
select
    row_id,
    'no email, no mobile, no confirmed LINE' as why
from undecided
where channel is null and not has_typed_something
