-- description: Changes seen by getvariable('now').
select *
from present.raw.crm__history
where valid_from <= getvariable('now')
