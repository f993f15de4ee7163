-- description: One row per line of a contract: typed and renamed, nothing else.
-- depends: raw.crm__contract_line_items

-- column: contract_line_item_id | Line of a CRM contract.
-- column: contract_id           | CRM contract.
-- column: product_service       | What is sold.
-- column: description           | What it is, free text.
-- column: quantity              | How many.
-- column: unit_price            | Price of one without VAT, in the currency of its paper.
-- column: tax_rate              | VAT in percent.
-- column: line_total            | Amount of the line, in the currency of its paper.
-- column: created_at            | When the CRM made the row, UTC.
-- column: updated_at            | When the CRM says it last changed, UTC; misses some changes.
-- column: discount_percentage   | Discount in percent.
-- column: loaded_at             | When we last read the row, UTC.
-- column: is_deleted            | Whether the CRM no longer has the row.

-- unique: contract_line_item_id
-- not_null: contract_line_item_id, contract_id

select
    id as contract_line_item_id,
    contract_id,
    product_service,
    description,
    quantity,
    unit_price,
    tax_rate,
    line_total,
    created_at,
    updated_at,
    discount_percentage,
    _loaded_at as loaded_at,
    _is_deleted as is_deleted
from raw.crm__contract_line_items
