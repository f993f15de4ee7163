-- description: One row per CRM invoice.
-- depends: staging.crm__invoices

-- column: invoice_id     | CRM invoice.
-- column: company_id     | CRM company.
-- column: contract_id    | CRM contract it bills, if any.
-- column: invoice_number | Number on paper.
-- column: status         | Draft, Sent, Paid, Overdue, Cancelled or Refunded; nothing sets Overdue by itself.
-- column: issue_date     | Day on the invoice.
-- column: due_date       | Day by which it is to be paid.
-- column: paid_date      | Day on which it was paid.
-- column: amount         | Amount without VAT, in currency.
-- column: tax_amount     | VAT, in currency.
-- column: total_amount   | Amount to pay, in currency.
-- column: currency       | ISO 4217 code of the amounts; independent of the company's.
-- column: is_paid        | Whether it is paid.
-- column: is_open        | Whether it waits for payment: Sent or Overdue, not deleted.
-- column: created_at     | When the CRM made the row, UTC.
-- column: updated_at     | When the CRM says it last changed, UTC; misses some changes.
-- column: is_deleted     | Whether the CRM no longer has the row.

-- unique: invoice_id
-- not_null: invoice_id, company_id, status, currency
-- assert: not (is_paid and is_open)
-- relation: company_id -> marts.companies.company_id | warning: a row that the CRM deleted before our first load is not here
-- relation: contract_id -> marts.contracts.contract_id | warning: a row that the CRM deleted before our first load is not here

select
    invoice_id,
    company_id,
    contract_id,
    invoice_number,
    status,
    issue_date,
    due_date,
    paid_date,
    amount,
    tax_amount,
    total_amount,
    currency,
    status = 'Paid' as is_paid,
    status in ('Sent', 'Overdue') and not is_deleted as is_open,
    created_at,
    updated_at,
    is_deleted
from staging.crm__invoices
