-- question: Which companies fit what was typed?
select
    company_id,
    name,
    country,
    city
from marts.companies
where not is_deleted and name ilike '%' || $text || '%'
order by name
limit 50
