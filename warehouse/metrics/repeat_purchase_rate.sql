-- description: Companies that bought more than once, of those that bought, in a currency.
-- grain: currency
-- unit: share
-- numerator: companies with two paid invoices or more
-- denominator: companies with a paid invoice
select
    currency,
    count(*) filter (purchase_count > 1) as numerator,
    count(*) as denominator
from marts.company_rfm
group by all
