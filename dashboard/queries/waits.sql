-- question: What makes messages wait, and until when?
select
    scope,
    reason,
    set_by,
    waits_since,
    waits_until
from marts.waits
order by waits_since
