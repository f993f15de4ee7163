-- description: One row per quote: typed and renamed, nothing else.
-- depends: raw.crm__quotes

-- column: quote_id                 | CRM quote.
-- column: quote_number             | Number on paper, such as HK-QT26035.
-- column: company_id               | CRM company.
-- column: contact_id               | CRM contact it is for.
-- column: opportunity_id           | CRM opportunity it belongs to.
-- column: status                   | Draft, Sent, Accepted, Rejected or Expired.
-- column: quote_type               | new, renewal or addon.
-- column: contract_duration_months | Months that the contract would run.
-- column: valid_from               | First day on which it holds.
-- column: valid_until              | Last day on which it holds.
-- column: subtotal                 | Sum of the lines, in currency.
-- column: tax_amount               | VAT, in currency.
-- column: discount_amount          | Taken off the subtotal, in currency.
-- column: total_value              | Subtotal less discount plus VAT, in currency.
-- column: currency                 | ISO 4217 code of the amounts in this row.
-- column: billing_frequency        | annual, upfront, biannual, quarterly, monthly or one-time.
-- column: payment_schedule         | When parts are to be paid, free text.
-- column: terms_conditions         | Terms and conditions, free text.
-- column: notes                    | Notes of staff, as typed.
-- column: sent_date                | Day on which it was sent to the customer.
-- column: accepted_date            | Day on which the customer accepted it.
-- column: rejected_date            | Day on which the customer rejected it.
-- column: expired_date             | Day on which it expired.
-- column: created_by_user_id       | CRM user who made it.
-- column: created_at               | When the CRM made the row, UTC.
-- column: updated_at               | When the CRM says it last changed, UTC; misses some changes.
-- column: loaded_at                | When we last read the row, UTC.
-- column: is_deleted               | Whether the CRM no longer has the row.

-- unique: quote_id
-- not_null: quote_id

select
    id as quote_id,
    quote_number,
    company as company_id,
    contact as contact_id,
    opportunity as opportunity_id,
    status,
    quote_type,
    contract_duration_months,
    valid_from,
    valid_until,
    subtotal,
    tax_amount,
    discount_amount,
    total_value,
    currency,
    billing_frequency,
    payment_schedule,
    terms_conditions,
    notes,
    sent_date,
    accepted_date,
    rejected_date,
    expired_date,
    created_by as created_by_user_id,
    created_at,
    updated_at,
    _loaded_at as loaded_at,
    _is_deleted as is_deleted
from raw.crm__quotes
