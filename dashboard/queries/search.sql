-- question: Which companies and people fit what was typed?
select
    company.company_id,
    company.name,
    company.country,
    company.city,
    company.is_active,
    company.zone_count,
    company.contract_value,
    company.currency,
    company.next_renewal_date
from marts.companies as company
where
    not company.is_deleted and (
        company.name ilike '%' || $text || '%'
        or company.company_id in (
            select company_id
            from marts.contacts
            where name ilike '%' || $text || '%' or email ilike $text || '%'
        )
    )
order by company.name
limit 50
