-- description: One row per place that a contract serves.
-- depends: staging.crm__contract_service_locations, staging.crm__contracts

-- column: contract_service_location_id | Place that a CRM contract serves.
-- column: contract_id                  | CRM contract.
-- column: company_id                   | CRM company; null when the row it belongs to is not here.
-- column: currency                     | ISO 4217 code of the amounts in this row; null when the row it belongs to is not here.
-- column: location_name                | Name of the place.
-- column: platform                     | soundtrack, beatbreeze or custom.
-- column: custom_service_name          | What is played where the platform is custom.
-- column: price                        | Price of the place, in the contract's currency; null: not by place.
-- column: is_deleted                   | Whether the CRM no longer has the row.

-- unique: contract_service_location_id
-- not_null: contract_service_location_id, contract_id
-- relation: contract_id -> marts.contracts.contract_id
-- relation: company_id -> marts.companies.company_id | warning: a row that the CRM deleted before our first load is not here

select
    own.contract_service_location_id,
    contract_id,
    owner.company_id,
    owner.currency,
    own.location_name,
    own.platform,
    own.custom_service_name,
    own.price,
    own.is_deleted
from staging.crm__contract_service_locations as own
left join staging.crm__contracts as owner using (contract_id)
