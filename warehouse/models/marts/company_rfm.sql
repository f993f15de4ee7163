-- description: One row per company and currency in which it paid: how recently, how often and how much it buys (RFM).
-- depends: marts._purchases

-- column: company_id          | CRM company.
-- column: currency            | ISO 4217 code of the amount; a company that pays in two has two rows.
-- column: first_purchase_date | Day of its first paid invoice.
-- column: last_purchase_date  | Day of its last paid invoice.
-- column: days_since_purchase | Days from the last purchase to today in Bangkok.
-- column: purchase_count      | Paid invoices.
-- column: purchase_amount     | Sum of the paid invoices without VAT, in currency.
-- column: recency_score       | 5 for the fifth of companies that bought last, to 1; ties by company_id.
-- column: frequency_score     | 5 for the fifth of companies that bought most often, to 1; ties by company_id.
-- column: monetary_score      | 5 for the fifth of companies that paid most, to 1; ties by company_id.
-- column: purchase_segment    | champion, loyal, new, promising, at_risk or lost, by recency and frequency of purchases.

-- unique: company_id, currency
-- not_null: company_id, currency, last_purchase_date, purchase_count, purchase_amount
-- accepted: purchase_segment | champion, loyal, new, promising, at_risk, lost
-- assert: purchase_count > 0 and purchase_amount > 0
-- assert: recency_score between 1 and 5 and frequency_score between 1 and 5 and monetary_score between 1 and 5
-- relation: company_id -> marts.companies.company_id | warning: a row that the CRM deleted before our first load is not here

with bought as (
    select
        company_id,
        currency,
        min(purchase_date) as first_purchase_date,
        max(purchase_date) as last_purchase_date,
        count(*) as purchase_count,
        sum(amount)::decimal(18, 2) as purchase_amount
    from marts._purchases
    group by all
),

-- Best first, so that of fifths of unequal size the best is never the smaller one.
scored as (
    select
        *,
        (getvariable('now') at time zone 'Asia/Bangkok')::date - last_purchase_date as days_since_purchase,
        6 - ntile(5) over (partition by currency order by last_purchase_date desc, company_id) as recency_score,
        6 - ntile(5) over (partition by currency order by purchase_count desc, company_id) as frequency_score,
        6 - ntile(5) over (partition by currency order by purchase_amount desc, company_id) as monetary_score
    from bought
)

select
    company_id,
    currency,
    first_purchase_date,
    last_purchase_date,
    days_since_purchase,
    purchase_count,
    purchase_amount,
    recency_score,
    frequency_score,
    monetary_score,
    case
        when recency_score >= 4 and frequency_score >= 4 then 'champion'
        when recency_score >= 3 and frequency_score >= 3 then 'loyal'
        when recency_score >= 4 and purchase_count = 1 then 'new'
        when recency_score >= 3 then 'promising'
        when frequency_score >= 3 then 'at_risk'
        else 'lost'
    end as purchase_segment
from scored
