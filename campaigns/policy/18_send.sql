-- outcome: send
-- Nothing speaks against it.
select *, 'no rule speaks against it' as why
from undecided
