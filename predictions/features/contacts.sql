-- features: Whose times are predicted: every contact that is active.
select
    contact_id,
    company_id
from marts.contacts
where is_active
order by contact_id
