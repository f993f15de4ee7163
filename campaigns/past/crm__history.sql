-- description: Changes seen by getvariable('now').
select *
from {home}.raw.crm__history
where valid_from <= getvariable('now')
