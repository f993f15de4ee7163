-- description: What the fifth of companies that paid most paid, of all that was paid in the currency.
-- grain: currency
-- unit: share of amounts
select
    currency,
    sum(purchase_amount) filter (monetary_score = 5) / sum(purchase_amount) as metric_value
from marts.company_rfm
group by all
