-- features: What each company holds at $now: value of a year, days to the end of its last contract, earlier contracts.
-- One row per company and currency with a contract in force.
with terms as (
    select
        *,
        ($now::timestamptz at time zone 'Asia/Bangkok')::date as today
    from marts._contract_terms
    where known_at <= $now::timestamptz and coalesce(cancelled_at > $now::timestamptz, true)
)

select
    company_id,
    currency,
    sum(annual_value) filter (start_date <= today and end_date >= today)::double as annual_value,
    (max(end_date) - any_value(today))::double as days_left,
    (arg_max(end_date - start_date, end_date) + 1)::double as term_days,
    (count(*) - 1)::double as earlier
from terms
group by company_id, currency
having bool_or(start_date <= today and end_date >= today)
order by currency, company_id
