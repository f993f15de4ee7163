-- question: Who is in a segment now, and why?
select
    contact.name as contact,
    company.name as company,
    company.country,
    membership.reason,
    membership.valid_from
from marts.segment_memberships as membership
left join marts.contacts as contact on contact.contact_id = membership.contact_id
left join marts.companies as company on company.company_id = membership.company_id
where membership.segment_id = $segment_id and membership.valid_to is null
order by membership.valid_from desc, company.name
