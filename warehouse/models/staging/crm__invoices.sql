-- description: One row per CRM invoice: typed and renamed, nothing else.
-- depends: raw.crm__invoices

-- column: invoice_id           | CRM invoice.
-- column: company_id           | CRM company.
-- column: contract_id          | CRM contract.
-- column: invoice_number       | Invoice number as its source has it.
-- column: status               | State in the words of its source.
-- column: issue_date           | Day of issue.
-- column: due_date             | Day of due.
-- column: paid_date            | Day of paid.
-- column: service_period_start | Service period start as its source has it.
-- column: service_period_end   | Service period end as its source has it.
-- column: amount               | Amount as its source has it.
-- column: tax_amount           | Tax amount as its source has it.
-- column: discount_amount      | Discount amount as its source has it.
-- column: total_amount         | Total amount as its source has it.
-- column: currency             | ISO 4217 code of the amounts in this row.
-- column: payment_terms        | Payment terms as its source has it.
-- column: payment_terms_text   | Payment terms text as its source has it.
-- column: property_name        | Property name as its source has it.
-- column: payment_method       | Payment method as its source has it.
-- column: transaction_id       | Identifier of the transaction.
-- column: notes                | Notes as its source has it.
-- column: first_reminder_sent  | First reminder sent as its source has it.
-- column: second_reminder_sent | Second reminder sent as its source has it.
-- column: final_notice_sent    | Final notice sent as its source has it.
-- column: receipt_number       | Receipt number as its source has it.
-- column: receipt_sent         | Receipt sent as its source has it.
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
