-- outcome: ineligible
-- The company has no active contract any more: nothing the campaign says would be true, unless it is for such companies.
select
    row_id,
    'the company has no active contract' as why
from undecided
where $needs_active_contract and not has_active_contract
