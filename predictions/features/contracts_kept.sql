-- outcomes: What the contracts of each company came to between $since and $until, by what was known at $until.
-- One row per company and currency.
with days as (
    select
        ($since::timestamptz at time zone 'Asia/Bangkok')::date as first,
        ($until::timestamptz at time zone 'Asia/Bangkok')::date as last
)

select
    term.company_id,
    term.currency,
    sum(
        term.annual_value / 365 * (least(term.end_date, days.last) - greatest(term.start_date, days.first + 1) + 1)
    )::double as amount
from days
inner join marts._contract_terms as term on term.start_date <= days.last and term.end_date > days.first
where term.known_at <= $until::timestamptz and term.cancelled_at is null
group by all
order by term.currency, term.company_id
