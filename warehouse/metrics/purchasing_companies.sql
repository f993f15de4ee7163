-- description: Companies with a paid invoice of the month, in a currency.
-- grain: purchase_month, currency
-- unit: companies
select
    purchase_month,
    currency,
    sum(purchasing_company_count)::bigint as metric_value
from marts.company_cohorts
group by all
