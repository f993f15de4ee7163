-- outcome: already_sent
-- This step about this subject went out in an earlier run.
select
    row_id,
    'step ' || step || ' was sent in an earlier run' as why
from undecided
where is_sent_before
