-- features: How often and for how much each company bought in each currency, by what was paid by $now; days count once.
-- One row per company and currency. Weeks are counted from its first purchase.
with today as (select ($now::timestamptz at time zone 'Asia/Bangkok')::date as today),

bought as (
    select
        invoice.company_id,
        invoice.currency,
        invoice.issue_date as purchase_date,
        any_value(today.today) as today,
        sum(invoice.total_amount - coalesce(invoice.tax_amount, 0))::double as amount
    from marts.invoices as invoice
    inner join today on invoice.issue_date <= today.today and coalesce(invoice.paid_date <= today.today, true)
    where
        invoice.is_paid
        and not invoice.is_deleted
        and invoice.company_id is not null
        and invoice.total_amount > coalesce(invoice.tax_amount, 0)
    group by all
)

select
    company_id,
    currency,
    (count(*) - 1)::double as repeats,
    (max(purchase_date) - min(purchase_date)) / 7.0 as last_week,
    (any_value(today) - min(purchase_date)) / 7.0 as weeks,
    count(*)::double as purchases,
    avg(amount) as mean_amount,
    sum(amount) as amount
from bought
group by all
order by currency, company_id
