-- description: One row per CRM contract: typed and renamed, nothing else.
-- depends: raw.crm__contracts

-- column: contract_id                 | CRM contract.
-- column: company_id                  | CRM company.
-- column: opportunity_id              | CRM opportunity.
-- column: quote_id                    | CRM quote that it came from.
-- column: contract_number             | Number on paper; it changes while the contract is a draft, so never key on it.
-- column: contract_type               | Annual, Monthly, One-time or Custom.
-- column: status                      | Draft, Sent, Active, Renewed, Expired or Cancelled; nothing expires one by itself.
-- column: start_date                  | First day.
-- column: end_date                    | Last day.
-- column: sent_date                   | Day on which it was sent to the customer.
-- column: value                       | Amount without VAT, in currency.
-- column: tax_rate                    | VAT in percent.
-- column: tax_amount                  | VAT, in currency.
-- column: total_value                 | Amount with VAT, in currency.
-- column: currency                    | ISO 4217 code of the amounts in this row.
-- column: auto_renew                  | Whether it renews by itself.
-- column: renewal_period_months       | Months by which it renews.
-- column: is_active                   | The CRM's flag; also true for drafts.
-- column: payment_terms               | Terms of payment, as typed.
-- column: billing_frequency           | How often it is billed: Annual, Quarterly, Monthly, One-time or free text.
-- column: discount_percentage         | Discount in percent.
-- column: notes                       | Notes of staff, as typed.
-- column: renewal_notice_sent         | Whether the CRM sent a renewal notice.
-- column: renewal_notice_date         | Day on which the CRM sent a renewal notice.
-- column: send_renewal_reminders      | Whether this contract may be reminded of; off for many multi-year ones.
-- column: renewed_from_contract_id    | Contract that this one follows.
-- column: soundtrack_account_id       | Soundtrack's own id of the account; empty: none.
-- column: contract_category           | standard, corporate_master or participation.
-- column: master_contract_id          | CRM contract of the corporate group that it takes part in.
-- column: property_name               | Trading or venue name, as typed.
-- column: price_per_zone              | Amount per music zone and year, in currency.
-- column: customer_contact_name       | Customer's contact on the contract, as typed.
-- column: customer_contact_email      | Email address of the customer's contact on the contract, as typed.
-- column: lifecycle_type              | new, renewal, addon, churn, or empty.
-- column: lifecycle_type_manually_set | Whether a person set lifecycle_type.
-- column: lifecycle_effective_date    | Day from which lifecycle_type holds.
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
