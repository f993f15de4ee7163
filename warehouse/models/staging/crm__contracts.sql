-- description: One row per CRM contract: typed and renamed, nothing else.
-- depends: raw.crm__contracts

-- column: contract_id                 | CRM contract.
-- column: company_id                  | CRM company.
-- column: opportunity_id              | CRM opportunity.
-- column: quote_id                    | Identifier of the quote.
-- column: contract_number             | Contract number as its source has it.
-- column: contract_type               | Contract type as its source has it.
-- column: status                      | State in the words of its source.
-- column: start_date                  | Day of start.
-- column: end_date                    | Day of end.
-- column: sent_date                   | Day of sent.
-- column: value                       | Value as its source has it.
-- column: tax_rate                    | Tax rate as its source has it.
-- column: tax_amount                  | Tax amount as its source has it.
-- column: total_value                 | Total value as its source has it.
-- column: currency                    | ISO 4217 code of the amounts in this row.
-- column: auto_renew                  | Auto renew as its source has it.
-- column: renewal_period_months       | Renewal period months as its source has it.
-- column: is_active                   | Whether active.
-- column: payment_terms               | Payment terms as its source has it.
-- column: billing_frequency           | Billing frequency as its source has it.
-- column: discount_percentage         | Discount percentage as its source has it.
-- column: notes                       | Notes as its source has it.
-- column: renewal_notice_sent         | Renewal notice sent as its source has it.
-- column: renewal_notice_date         | Day of renewal notice.
-- column: send_renewal_reminders      | Send renewal reminders as its source has it.
-- column: renewed_from_contract_id    | Identifier of the renewed from contract.
-- column: soundtrack_account_id       | Identifier of the soundtrack account.
-- column: contract_category           | Contract category as its source has it.
-- column: master_contract_id          | Identifier of the master contract.
-- column: property_name               | Property name as its source has it.
-- column: price_per_zone              | Price per zone as its source has it.
-- column: customer_contact_name       | Customer contact name as its source has it.
-- column: customer_contact_email      | Customer contact email as its source has it.
-- column: lifecycle_type              | Lifecycle type as its source has it.
-- column: lifecycle_type_manually_set | Lifecycle type manually set as its source has it.
-- column: lifecycle_effective_date    | Day of lifecycle effective.
-- column: created_at                  | When the CRM made the row, UTC.
-- column: updated_at                  | When the CRM says it last changed, UTC; misses some changes.
-- column: loaded_at                   | When we last read the row, UTC.
-- column: is_deleted                  | Whether the CRM no longer has the row.

-- unique: contract_id
-- not_null: contract_id

select
    id as contract_id,
    company as company_id,
    opportunity as opportunity_id,
    quote as quote_id,
    contract_number,
    contract_type,
    status,
    start_date,
    end_date,
    sent_date,
    value,
    tax_rate,
    tax_amount,
    total_value,
    currency,
    auto_renew,
    renewal_period_months,
    is_active,
    payment_terms,
    billing_frequency,
    discount_percentage,
    notes,
    renewal_notice_sent,
    renewal_notice_date,
    send_renewal_reminders,
    renewed_from as renewed_from_contract_id,
    soundtrack_account_id,
    contract_category,
    master_contract as master_contract_id,
    property_name,
    price_per_zone,
    customer_contact_name,
    customer_contact_email,
    lifecycle_type,
    lifecycle_type_manually_set,
    lifecycle_effective_date,
    created_at,
    updated_at,
    _loaded_at as loaded_at,
    _is_deleted as is_deleted
from raw.crm__contracts
