-- description: One row per line of a quote: typed and renamed, nothing else.
-- depends: raw.crm__quote_line_items

-- column: quote_line_item_id  | Line of a CRM quote.
-- column: quote_id            | CRM quote.
-- column: product_service     | What is sold.
-- column: description         | What it is, free text.
-- column: quantity            | How many.
-- column: unit_price          | Price of one without VAT, in the currency of its paper.
-- column: tax_rate            | VAT in percent.
-- column: line_total          | Amount of the line, in the currency of its paper.
-- column: created_at          | When the CRM made the row, UTC.
-- column: updated_at          | When the CRM says it last changed, UTC; misses some changes.
-- column: unit_value          | Value of one, in the currency of its paper.
-- column: discount_percentage | Discount in percent.
-- column: loaded_at           | When we last read the row, UTC.
-- column: is_deleted          | Whether the CRM no longer has the row.

-- unique: quote_line_item_id
-- not_null: quote_line_item_id, quote_id

select
    id as quote_line_item_id,
    quote_id,
    product_service,
    description,
    quantity,
    unit_price,
    tax_rate,
    line_total,
    created_at,
    updated_at,
    unit_value,
    discount_percentage,
    _loaded_at as loaded_at,
    _is_deleted as is_deleted
from raw.crm__quote_line_items
