-- description: One row per line of an invoice: typed and renamed, nothing else.
-- depends: raw.crm__invoice_line_items

-- column: invoice_line_item_id | Line of a CRM invoice.
-- column: invoice_id           | CRM invoice.
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
-- column: loaded_at            | When we last read the row, UTC.
-- column: is_deleted           | Whether the CRM no longer has the row.

-- unique: invoice_line_item_id
-- not_null: invoice_line_item_id, invoice_id

select
    id as invoice_line_item_id,
    invoice_id,
    product_service,
    description,
    quantity,
    unit_price,
    tax_rate,
    line_total,
    created_at,
    updated_at,
    service_period_start,
    service_period_end,
    _loaded_at as loaded_at,
    _is_deleted as is_deleted
from raw.crm__invoice_line_items
