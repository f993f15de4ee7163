-- description: One row per link of a contract to a zone.
-- depends: raw.crm__contract_zones

-- column: contract_zone_id | Link of a CRM contract to a CRM music zone.
-- column: contract_id      | CRM contract.
-- column: zone_id          | CRM music zone.
-- column: start_date       | First day.
-- column: end_date         | Last day.
-- column: is_active        | The CRM's flag.
-- column: loaded_at        | When we last read the row, UTC.
-- column: is_deleted       | Whether the CRM no longer has the row.

-- unique: contract_zone_id
-- not_null: contract_zone_id

select
    id as contract_zone_id,
    contract_id,
    zone_id,
    start_date,
    end_date,
    is_active,
    _loaded_at as loaded_at,
    _is_deleted as is_deleted
from raw.crm__contract_zones
