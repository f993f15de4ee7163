-- question: Is there such a contact, and may the person still be written to?
select
    contact_id,
    is_active
from marts.contacts
where contact_id = $contact_id
