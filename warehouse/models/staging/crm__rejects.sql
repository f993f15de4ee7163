-- description: One row per CRM record that the loader could not take, or field that nobody decided about.
-- depends: raw.crm__rejects

-- column: entity    | The CRM's collection: companies, contacts, contracts, quotes and so on.
-- column: entity_id | The row's identifier in the CRM; field:<name> for a field that nobody decided about.
-- column: reason    | What is wrong with it.
-- column: record    | The record as the CRM gave it, JSON.
-- column: loaded_at | When it last happened, UTC.

-- unique: entity, entity_id
-- not_null: entity, entity_id, reason

select
    entity,
    entity_id,
    reason,
    record,
    _loaded_at as loaded_at
from raw.crm__rejects
