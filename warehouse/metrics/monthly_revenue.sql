-- description: Paid invoices of a month without VAT, by the day of issue; each currency for itself.
-- grain: purchase_month, currency
-- unit: currency
select
    purchase_month,
    currency,
    sum(purchase_amount) as metric_value
from marts.company_cohorts
group by all
