-- description: One row per line of a quote.
-- depends: staging.crm__quote_line_items, staging.crm__quotes

-- column: quote_line_item_id  | Line of a CRM quote.
-- column: quote_id            | CRM quote.
-- column: company_id          | CRM company; null when the row it belongs to is not here.
-- column: currency            | ISO 4217 code of the amounts in this row; null when the row it belongs to is not here.
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
-- column: is_deleted          | Whether the CRM no longer has the row.

-- unique: quote_line_item_id
-- not_null: quote_line_item_id, quote_id
-- relation: quote_id -> marts.quotes.quote_id
-- relation: company_id -> marts.companies.company_id | warning: a row that the CRM deleted before our first load is not here

select
    own.quote_line_item_id,
    quote_id,
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
    own.unit_value,
    own.discount_percentage,
    own.is_deleted
from staging.crm__quote_line_items as own
left join staging.crm__quotes as owner using (quote_id)
