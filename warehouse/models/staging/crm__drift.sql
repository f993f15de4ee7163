-- description: One row per CRM row that a full compare found changed or gone and that nobody had told us of.
-- depends: raw.crm__drift

-- column: compared_at   | When the full compare ran, UTC.
-- column: entity        | The CRM's collection: companies, contacts, contracts and so on.
-- column: kind          | silent, late, unseen or deleted: why nobody had told us.
-- column: entity_id     | The row's identifier in the CRM.
-- column: fields        | Fields that differ, as the CRM names them; empty where the whole row does.
-- column: compared_rows | Rows of the collection in that compare.

-- unique: compared_at, entity, entity_id
-- not_null: compared_at, entity, kind, entity_id

select
    compared_at,
    collection as entity,
    kind,
    entity_id,
    from_json(fields, '["VARCHAR"]') as fields,
    compared_rows
from raw.crm__drift
