-- outcome: holdout
-- The company belongs to the share that is not written to, so that we can tell what writing earns.
select
    row_id,
    'the company is in the holdout of ' || $family as why
from undecided
where $has_holdout_below > 0 and md5_number_lower('holdout|' || $family || '|' || company_id) % 10000 < $has_holdout_below
