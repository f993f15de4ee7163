-- description: One row per interval in which a contact was in a segment about one subject, with the reason.
-- depends: raw.campaigns__segment_memberships

-- column: segment_id         | Segment.
-- column: contact_id         | CRM contact.
-- column: company_id         | CRM company.
-- column: subject_type       | What it is about: contact, company, contract, invoice, quote, zone, ticket or opportunity.
-- column: subject_id         | Which one.
-- column: valid_from         | When the contact entered, UTC.
-- column: valid_to           | When the contact left, UTC; null while in it.
-- column: definition_version | Version of the definition that let the contact in.
-- column: reason             | Which clause held, with its values.

-- unique: segment_id, contact_id, subject_id, valid_from
-- not_null: segment_id, contact_id, subject_id, valid_from
-- assert: valid_to is null or valid_to >= valid_from
-- relation: segment_id -> marts.segments.segment_id
-- relation: contact_id -> marts.contacts.contact_id | warning: whom the CRM deleted is not here after a rebuild from it
-- relation: company_id -> marts.companies.company_id | warning: whom the CRM deleted is not here after a rebuild from it
-- unrelated: subject_id | a contract, invoice or zone: subject_type says which

select
    segment_id,
    contact_id,
    company_id,
    subject_type,
    subject_id,
    valid_from,
    valid_to,
    definition_version,
    reason
from raw.campaigns__segment_memberships
