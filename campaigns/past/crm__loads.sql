-- description: Loads, as if each table had just been loaded: what is asked of the past is not how old its data was.
select * replace (least(loaded_at, getvariable('now')) as loaded_at)
from present.raw.crm__loads
