-- description: One row per change of a field of a CRM row, as our loads saw it: a value that came and went between two loads
-- description: is not here, and the CRM may have had the new one for some time. The first value of all is the old_value of
-- description: the first change; a field without rows has not changed since its row was first loaded.
-- depends: staging.crm__history

-- column: entity     | The CRM's collection, or rows inside its records: companies, contract_line_items and so on.
-- column: entity_id  | The row's identifier in the CRM.
-- column: field      | Field as the CRM names it; is_deleted: whether the CRM no longer has the row.
-- column: old_value  | Value before the change, as text; null: it had none.
-- column: new_value  | Value after the change, as text; null: it has none.
-- column: valid_from | When a load first saw the new value, UTC.
-- column: valid_to   | When a load first saw the value after it, UTC; null while the new value holds.

-- unique: entity, entity_id, field, valid_from
-- not_null: entity, entity_id, field, valid_from
-- accepted: entity | companies, contacts, contracts, zones, invoices, opportunities, opportunity_activities, quotes, tickets, ticket_comments, tasks, notes, email_logs, campaigns, segments, contract_zones, contract_line_items, contract_service_locations, invoice_line_items, quote_line_items, quote_activities, task_comments
-- assert: old_value is distinct from new_value
-- assert: valid_to is null or valid_to > valid_from
-- unrelated: entity_id | a row of any of the CRM's collections: entity says which

select
    entity,
    entity_id,
    field,
    old_value,
    new_value,
    valid_from,
    lead(valid_from) over (partition by entity, entity_id, field order by valid_from) as valid_to
from staging.crm__history
