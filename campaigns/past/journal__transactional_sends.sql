-- description: Messages on request that were decided by getvariable('now').
select *
from present.raw.journal__transactional_sends
where decided_at <= getvariable('now')
