-- description: One row per CRM invoice: typed and renamed, nothing else.
-- depends: raw.crm__invoices

-- column: invoice_id           | CRM invoice.
-- column: company_id           | CRM company.
-- column: contract_id          | CRM contract.
-- column: invoice_number       | Number on paper.
-- column: status               | Draft, Sent, Paid, Overdue, Cancelled or Refunded; nothing sets Overdue by itself.
-- column: issue_date           | Day on the invoice.
-- column: due_date             | Day by which it is to be paid.
-- column: paid_date            | Day on which it was paid.
-- column: service_period_start | First day it bills for.
-- column: service_period_end   | Last day it bills for.
-- column: amount               | Amount without VAT, in currency.
-- column: tax_amount           | VAT, in currency.
-- column: discount_amount      | Discount, in currency.
-- column: total_amount         | Amount to pay, in currency.
-- column: currency             | ISO 4217 code of the amounts in this row.
-- column: payment_terms        | Terms of payment, as typed.
-- column: payment_terms_text   | Terms of payment as printed.
-- column: property_name        | Trading or venue name, as typed.
-- column: payment_method       | How it was paid, as typed.
-- column: transaction_id       | The bank's or processor's own id of the payment, as typed.
-- column: notes                | Notes of staff, as typed.
-- column: first_reminder_sent  | Whether the first reminder was sent, by the CRM.
-- column: second_reminder_sent | Whether the second reminder was sent, by the CRM.
-- column: final_notice_sent    | Whether the final notice was sent, by the CRM.
-- column: receipt_number       | Number of the receipt, once it is paid.
-- column: receipt_sent         | Whether the receipt was sent, by the CRM.
-- column: created_at           | When the CRM made the row, UTC.
-- column: updated_at           | When the CRM says it last changed, UTC; misses some changes.
-- column: loaded_at            | When we last read the row, UTC.
-- column: is_deleted           | Whether the CRM no longer has the row.

-- unique: invoice_id
-- not_null: invoice_id

select
    id as invoice_id,
    company as company_id,
    contract as contract_id,
    invoice_number,
    status,
    issue_date,
    due_date,
    paid_date,
    service_period_start,
    service_period_end,
    amount,
    tax_amount,
    discount_amount,
    total_amount,
    currency,
    payment_terms,
    payment_terms_text,
    property_name,
    payment_method,
    transaction_id,
    notes,
    first_reminder_sent,
    second_reminder_sent,
    final_notice_sent,
    receipt_number,
    receipt_sent,
    created_at,
    updated_at,
    _loaded_at as loaded_at,
    _is_deleted as is_deleted
from raw.crm__invoices
