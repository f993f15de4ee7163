-- question: Who are these contacts, and of which company?
select
    contact.contact_id,
    contact.name as contact,
    company.name as company
from marts.contacts as contact
left join marts.companies as company on company.company_id = contact.company_id
where contact.contact_id in (select unnest($contact_ids))
