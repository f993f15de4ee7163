-- description: One row per line of an invoice.
-- depends: staging.crm__invoice_line_items, staging.crm__invoices

-- column: invoice_line_item_id | Line of a CRM invoice.
-- column: invoice_id           | CRM invoice.
-- column: company_id           | CRM company; null when the row it belongs to is not here.
-- column: currency             | ISO 4217 code of the amounts in this row; null when the row it belongs to is not here.
-- column: product_service      | What is sold.
-- column: description          | What it is, free text.
-- column: quantity             | How many.
-- column: unit_price           | Price of one without VAT, in the currency of its paper.
-- column: tax_rate             | VAT in percent.
-- column: line_total           | Amount of the line, in the currency of its paper.
-- column: created_at           | When the CRM made the row, UTC.
-- column: updated_at           | When the CRM says it last changed, UTC; misses some changes.
-- column: service_period_start | First day it bills for.
-- column: service_period_end   | Last day it bills for.
-- column: is_deleted           | Whether the CRM no longer has the row.

-- unique: invoice_line_item_id
-- not_null: invoice_line_item_id, invoice_id
-- relation: invoice_id -> marts.invoices.invoice_id
-- relation: company_id -> marts.companies.company_id | warning: a row that the CRM deleted before our first load is not here

select
    own.invoice_line_item_id,
    invoice_id,
    owner.company_id,
    owner.currency,
    own.product_service,
    own.description,
    own.quantity,
    own.unit_price,
    own.tax_rate,
    own.line_total,
    own.created_at,
    own.updated_at,
    own.service_period_start,
    own.service_period_end,
    own.is_deleted
from staging.crm__invoice_line_items as own
left join staging.crm__invoices as owner using (invoice_id)
