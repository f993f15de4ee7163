-- outcome: ineligible
-- The person no longer works there, or the CRM has the row no more. A contract is not asked for: a quote comes before it.
select
    undecided.row_id,
    'the CRM says that the contact is no longer active' as why
from undecided
inner join marts.contacts as contact on contact.contact_id = undecided.contact_id
where not contact.is_active
