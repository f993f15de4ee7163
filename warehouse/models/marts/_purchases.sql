-- description: One row per invoice that a company paid: what it bought, when and for how much. Cohorts and RFM read it.
-- depends: marts.invoices

-- column: invoice_id    | CRM invoice.
-- column: company_id    | CRM company.
-- column: currency      | ISO 4217 code of the amount; amounts of two currencies are never added.
-- column: purchase_date | Day of issue: when it was bought, however late it was paid.
-- column: amount        | Amount without VAT, discounts taken off, in currency.

-- unique: invoice_id
-- not_null: invoice_id, company_id, currency, purchase_date, amount
-- assert: amount > 0
-- relation: company_id -> marts.companies.company_id | warning: a row that the CRM deleted before our first load is not here

-- What was cancelled, refunded or given away is no purchase.
select
    invoice_id,
    company_id,
    currency,
    issue_date as purchase_date,
    (total_amount - coalesce(tax_amount, 0))::decimal(14, 2) as amount
from marts.invoices
where is_paid and not is_deleted and company_id is not null and total_amount > coalesce(tax_amount, 0)
