-- description: One row per contract that was ever signed: over which days it holds, and when each of these facts became known.
-- description: What predictions learn from: nothing in a row hangs on what happened after the times it names.
-- depends: marts.contracts, marts.crm_history

-- column: contract_id  | CRM contract.
-- column: company_id   | CRM company.
-- column: currency     | ISO 4217 code of the amount; amounts of two currencies are never added.
-- column: annual_value | Amount of a year of it without VAT, in currency.
-- column: start_date   | First day.
-- column: end_date     | Last day.
-- column: known_at     | When the CRM made the row, UTC.
-- column: cancelled_at | When our loads saw an active contract cancelled, UTC; null: it was not.
-- column: follower_at  | When the CRM made the first contract that follows it, whatever became of that one, UTC.

-- unique: contract_id
-- not_null: contract_id, company_id, currency, start_date, end_date, known_at
-- assert: end_date >= start_date
-- relation: company_id -> marts.companies.company_id | warning: a row that the CRM deleted before our first load is not here
-- relation: contract_id -> marts.contracts.contract_id

with cancelled as (
    select
        entity_id as contract_id,
        max(valid_from) as cancelled_at
    from marts.crm_history
    where entity = 'contracts' and field = 'status' and old_value in ('Active', 'Renewed') and new_value = 'Cancelled'
    group by all
),

followed as (
    select
        renewed_from_contract_id as contract_id,
        min(created_at) as follower_at
    from marts.contracts
    where renewed_from_contract_id is not null and not is_deleted
    group by all
)

select
    contract.contract_id,
    contract.company_id,
    contract.currency,
    (contract.value * 365 / (contract.end_date - contract.start_date + 1))::decimal(14, 2) as annual_value,
    contract.start_date,
    contract.end_date,
    contract.created_at as known_at,
    case when contract.status = 'Cancelled' then cancelled.cancelled_at end as cancelled_at,
    followed.follower_at
from marts.contracts as contract
left join cancelled using (contract_id)
left join followed using (contract_id)
where
    not contract.is_deleted
    and (
        contract.status in ('Active', 'Renewed', 'Expired')
        or (contract.status = 'Cancelled' and cancelled.cancelled_at is not null)
    )
    and contract.end_date >= contract.start_date
    and contract.created_at is not null
