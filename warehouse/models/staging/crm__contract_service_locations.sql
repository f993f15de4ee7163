-- description: One row per place that a contract serves: typed and renamed, nothing else.
-- depends: raw.crm__contract_service_locations

-- column: contract_service_location_id | Place that a CRM contract serves.
-- column: contract_id                  | CRM contract.
-- column: location_name                | Name of the place.
-- column: platform                     | soundtrack, beatbreeze or custom.
-- column: sort_order                   | Place in the list.
-- column: custom_service_name          | What is played where the platform is custom.
-- column: price                        | Price of the place, in the contract's currency; null: not by place.
-- column: loaded_at                    | When we last read the row, UTC.
-- column: is_deleted                   | Whether the CRM no longer has the row.

-- unique: contract_service_location_id
-- not_null: contract_service_location_id, contract_id

select
    id as contract_service_location_id,
    contract_id,
    location_name,
    platform,
    sort_order,
    custom_service_name,
    price,
    _loaded_at as loaded_at,
    _is_deleted as is_deleted
from raw.crm__contract_service_locations
