-- question: Which people fit what was typed, to explain one of them?
select
    contact.contact_id,
    contact.name as contact,
    company.name as company
from marts.contacts as contact
left join marts.companies as company on company.company_id = contact.company_id
where contact.is_active and (contact.name ilike '%' || $text || '%' or company.name ilike '%' || $text || '%')
order by contact.name
limit 50
