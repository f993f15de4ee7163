-- description: Decisions taken by getvariable('now').
select *
from {home}.raw.campaigns__decisions
where decided_at <= getvariable('now')
