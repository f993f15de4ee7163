-- question: Which values of the CRM can we not use, and why?
select
    entity,
    field,
    original_value,
    reject_type,
    reason,
    entity_id,
    loaded_at
from marts.rejects
order by entity, reject_type, entity_id
limit 1000
