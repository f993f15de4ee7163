-- description: One row per CRM contract, with whether another one follows it.
-- depends: staging.crm__contracts

-- column: contract_id              | CRM contract.
-- column: company_id               | CRM company.
-- column: contract_number          | Number on paper; it changes while the contract is a draft, so never key on it.
-- column: contract_type            | Annual, Monthly, One-time or Custom.
-- column: contract_category        | standard, corporate_master or participation.
-- column: status                   | Draft, Sent, Active, Renewed, Expired or Cancelled; nothing expires one by itself.
-- column: sent_date                | Day on which it was sent to the customer.
-- column: start_date               | First day.
-- column: end_date                 | Last day.
-- column: value                    | Amount without VAT, in currency.
-- column: total_value              | Amount with VAT, in currency.
-- column: currency                 | ISO 4217 code of the amounts; others than THB and USD are in marts.rejects.
-- column: price_per_zone           | Amount per music zone and year, in currency.
-- column: is_active                | The CRM's flag; also true for drafts.
-- column: send_renewal_reminders   | Whether this contract may be reminded of; off for many multi-year ones.
-- column: renewed_from_contract_id | Contract that this one follows.
-- column: has_successor            | Whether a contract that was not cancelled follows this one.
-- column: successor_created_at     | When the first such follower was made, UTC.
-- column: lifecycle_type           | new, renewal, addon, churn, or empty.
-- column: created_at               | When the CRM made the row, UTC.
-- column: updated_at               | When the CRM says it last changed, UTC; misses some changes.
-- column: is_deleted               | Whether the CRM no longer has the row.

-- unique: contract_id
-- not_null: contract_id, company_id, status, currency
-- relation: company_id -> marts.companies.company_id | warning: a row that the CRM deleted before our first load is not here
-- relation: renewed_from_contract_id -> marts.contracts.contract_id | warning: a row that the CRM deleted before our first load is not here

with successors as (
    select
        renewed_from_contract_id as contract_id,
        min(created_at) as successor_created_at
    from staging.crm__contracts
    where renewed_from_contract_id is not null and status <> 'Cancelled' and not is_deleted
    group by all
)

select
    contract_id,
    company_id,
    contract_number,
    contract_type,
    contract_category,
    status,
    sent_date,
    start_date,
    end_date,
    value,
    total_value,
    currency,
    price_per_zone,
    is_active,
    send_renewal_reminders,
    renewed_from_contract_id,
    successor_created_at is not null as has_successor,
    successor_created_at,
    lifecycle_type,
    created_at,
    updated_at,
    is_deleted
from staging.crm__contracts
left join successors using (contract_id)
