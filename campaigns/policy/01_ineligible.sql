-- outcome: ineligible
-- The company has no active contract any more: nothing this campaign says would be true.
select *, 'the company has no active contract' as why
from undecided
where not has_active_contract
