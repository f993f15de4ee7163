-- description: One row per currency, month of first purchase and month since: how many companies bought, and for how much.
-- depends: marts._purchases

-- column: currency                 | ISO 4217 code of the amount; a company belongs to one cohort per currency.
-- column: cohort_month             | First day of the month in which the companies first bought.
-- column: months_since             | Calendar months since cohort_month, from 0.
-- column: purchase_month           | First day of the month that this row counts.
-- column: cohort_size              | Companies in the cohort.
-- column: purchasing_company_count | Companies of the cohort that bought in the month.
-- column: retention_rate           | Companies of the cohort that bought in the month, of all of the cohort.
-- column: purchase_amount          | Sum of the paid invoices without VAT, in currency.

-- unique: currency, cohort_month, months_since
-- not_null: currency, cohort_month, months_since, purchase_month, purchase_amount
-- assert: purchasing_company_count between 0 and cohort_size
-- assert: months_since > 0 or purchasing_company_count = cohort_size

with cohorts as (
    select
        company_id,
        currency,
        date_trunc('month', min(purchase_date))::date as cohort_month
    from marts._purchases
    group by all
),

sizes as (
    select
        currency,
        cohort_month,
        count(*) as cohort_size
    from cohorts
    group by all
),

-- Months in which nobody of a cohort bought count, with 0, up to the last month that anybody bought in.
months as (
    select
        currency,
        cohort_month,
        cohort_size,
        unnest(generate_series(
            cohort_month, (select max(date_trunc('month', purchase_date)) from marts._purchases), interval 1 month
        ))::date as purchase_month
    from sizes
),

bought as (
    select
        cohorts.currency,
        cohorts.cohort_month,
        date_trunc('month', purchase.purchase_date)::date as purchase_month,
        count(distinct purchase.company_id) as purchasing_company_count,
        sum(purchase.amount) as purchase_amount
    from marts._purchases as purchase
    inner join cohorts using (company_id, currency)
    group by all
)

select
    months.currency,
    months.cohort_month,
    date_diff('month', months.cohort_month, months.purchase_month) as months_since,
    months.purchase_month,
    months.cohort_size,
    coalesce(bought.purchasing_company_count, 0) as purchasing_company_count,
    coalesce(bought.purchasing_company_count, 0) / months.cohort_size as retention_rate,
    coalesce(bought.purchase_amount, 0)::decimal(18, 2) as purchase_amount
from months
left join bought using (currency, cohort_month, purchase_month)
