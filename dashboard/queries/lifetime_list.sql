-- question: What may each company be worth in the next three years, in one currency?
select
    lifetime.company_id,
    coalesce(company.name, lifetime.company_id) as name,
    company.country,
    lifetime.score as lifetime_value,
    lifetime.score_low as lifetime_low,
    lifetime.score_high as lifetime_high,
    lifetime.currency,
    lifetime.basis as made_of,
    lifetime.paid_amount,
    lifetime.purchase_count
from marts.lifetime_values as lifetime
left join marts.companies as company on company.company_id = lifetime.company_id
where lifetime.score is not null
order by lifetime.currency, lifetime.score desc, lifetime.company_id
