-- features: Ends of contracts by $now, and whether another followed within 45 days: what renewing is learnt from.
-- One row per contract that ended at least 45 days ago; earlier: how many the company had had before it in the currency.
with terms as (
    select
        *,
        ($now::timestamptz at time zone 'Asia/Bangkok')::date as today,
        count(*) over (
            partition by company_id, currency order by end_date, contract_id rows between unbounded preceding and 1 preceding
        ) as earlier
    from marts._contract_terms
    where known_at <= $now::timestamptz
)

select
    ended.contract_id,
    ended.earlier::double as earlier,
    (count(following.contract_id) > 0)::double as renewed
from terms as ended
left join terms as following
    on
        following.company_id = ended.company_id
        and following.currency = ended.currency
        and following.end_date > ended.end_date
        and following.start_date <= ended.end_date + 45
where ended.end_date <= ended.today - 45
group by all
order by ended.contract_id
