-- description: Decisions taken by getvariable('now').
select *
from present.raw.campaigns__decisions
where decided_at <= getvariable('now')
