-- outcome: send
-- Nothing speaks against it.
select
    row_id,
    'no rule speaks against it' as why
from undecided
