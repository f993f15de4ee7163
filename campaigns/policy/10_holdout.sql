-- outcome: holdout
-- The company belongs to the share that is not written to, so that we can tell what writing earns.
select *, 'the company is in the holdout of ' || $family as why
from undecided
where is_held_out
