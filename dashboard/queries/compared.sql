-- question: When was the whole CRM last compared?
select max(loaded_at) as compared_at
from marts.freshness
where source_table = 'crm__drift'
