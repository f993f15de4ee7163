-- outcome: ineligible
-- The company has no active contract any more: nothing this campaign says would be true.
select
    row_id,
    'the company has no active contract' as why
from undecided
where not has_active_contract
