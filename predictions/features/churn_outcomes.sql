-- outcomes: Which companies still had a contract in force $horizon days after each of $moments, by what was known on that day.
-- One row per as_of whose day has come by $now, and company that stayed. Whoever had a contract and is not here has left.
with moments as (
    select
        moment as as_of,
        moment + to_days($horizon::integer) as later,
        (later at time zone 'Asia/Bangkok')::date as that_day
    from unnest($moments::timestamptz[]) as given (moment)
    where later <= $now::timestamptz
),

kept as (
    select distinct
        moments.as_of,
        term.company_id
    from moments
    inner join marts._contract_terms as term
        on
            term.known_at <= moments.later
            and moments.that_day between term.start_date and term.end_date
            and coalesce(term.cancelled_at > moments.later, true)
)

select
    as_of,
    company_id
from kept
order by as_of, company_id
