-- description: One row per change of a field of a CRM row, as our loads saw it.
-- depends: raw.crm__history

-- column: entity     | The CRM's collection, or rows inside its records: companies, contract_line_items and so on.
-- column: entity_id  | The row's identifier in the CRM.
-- column: field      | Field as the CRM names it; is_deleted: whether the CRM no longer has the row.
-- column: old_value  | Value before the change, as text; null: it had none.
-- column: new_value  | Value after the change, as text; null: it has none.
-- column: valid_from | When a load first saw the new value, UTC.

-- unique: entity, entity_id, field, valid_from
-- not_null: entity, entity_id, field, valid_from

select
    entity,
    entity_id,
    field,
    old_value,
    new_value,
    valid_from
from raw.crm__history
