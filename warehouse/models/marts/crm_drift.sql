-- description: One row per CRM row that a full compare found changed or gone though neither a webhook nor the watermark had
-- description: told us: silent moved no updated_at (bulk edits, the CRM's own writes), late moved it to a time we had passed,
-- description: unseen is a row we had never met, deleted is gone by the CRM's own 404. Changes younger than the last look
-- description: are no drift. The last night is the one whose compared_at is loaded_at of crm__drift in freshness.
-- depends: staging.crm__drift

-- column: night         | Day in Bangkok on which the full compare ran.
-- column: compared_at   | When the full compare ran, UTC.
-- column: collection    | The CRM's collection: companies, contacts, contracts, zones, invoices and more.
-- column: kind          | silent, late, unseen or deleted: why nobody had told us.
-- column: entity_id     | The row's identifier in the CRM.
-- column: fields        | Fields that differ, as the CRM names them; empty where the whole row does.
-- column: compared_rows | Rows of the collection in that compare.
-- column: is_large      | Whether more than 20 rows and 1 % of the collection drifted in that compare.

-- unique: compared_at, collection, entity_id
-- not_null: compared_at, collection, entity_id, night, kind
-- accepted: kind | silent, late, unseen, deleted
-- unrelated: entity_id | a row of any of the CRM's collections: collection says which

select
    (compared_at at time zone 'Asia/Bangkok')::date as night,
    compared_at,
    entity as collection,
    kind,
    entity_id,
    fields,
    compared_rows,
    count(*) over (partition by compared_at, entity) > greatest(20, 0.01 * compared_rows) as is_large
from staging.crm__drift
