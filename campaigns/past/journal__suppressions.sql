-- description: Suppressions made by getvariable('now'); one lifted later still stood.
select * replace (case when lifted_at <= getvariable('now') then lifted_at end as lifted_at)
from present.raw.journal__suppressions
where created_at <= getvariable('now')
