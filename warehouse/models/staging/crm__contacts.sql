-- description: One row per CRM contact: typed and renamed, nothing else.
-- depends: raw.crm__contacts

-- column: contact_id                 | CRM contact.
-- column: company_id                 | CRM company.
-- column: name                       | Name as the CRM has it.
-- column: email                      | Email address as typed, not normalised.
-- column: phone                      | Phone number as typed.
-- column: mobile                     | Mobile number as typed: free text.
-- column: title                      | Job title, as typed.
-- column: department                 | Department, as typed.
-- column: contact_type               | Primary, Technical, Billing, Decision Maker or Other.
-- column: is_primary                 | Whether the CRM calls the person the company's first contact.
-- column: is_active                  | Whether the person still works there.
-- column: preferred_contact_method   | What the CRM says: Email, Phone, Mobile, LinkedIn or empty.
-- column: linkedin_url               | Address of the LinkedIn profile.
-- column: notes                      | Notes of staff, as typed.
-- column: last_contacted             | When somebody last wrote down a contact, UTC; the CRM sets it never by itself.
-- column: receives_renewal_emails    | Whether the person receives renewal emails.
-- column: receives_seasonal_emails   | Whether the person receives seasonal emails.
-- column: receives_payment_emails    | Whether the person receives payment emails.
-- column: receives_quarterly_emails  | Whether the person receives quarterly emails.
-- column: receives_soundtrack_alerts | Whether the person receives soundtrack alerts.
-- column: receives_quote_emails      | Whether the person receives quote emails.
-- column: receives_contract_emails   | Whether the person receives contract emails.
-- column: receives_invoice_emails    | Whether the person receives invoice emails.
-- column: created_at                 | When the CRM made the row, UTC.
-- column: updated_at                 | When the CRM says it last changed, UTC; misses some changes.
-- column: loaded_at                  | When we last read the row, UTC.
-- column: is_deleted                 | Whether the CRM no longer has the row.

-- unique: contact_id
-- not_null: contact_id

select
    id as contact_id,
    company as company_id,
    name,
    email,
    phone,
    mobile,
    title,
    department,
    contact_type,
    is_primary,
    is_active,
    preferred_contact_method,
    linkedin_url,
    notes,
    last_contacted,
    receives_renewal_emails,
    receives_seasonal_emails,
    receives_payment_emails,
    receives_quarterly_emails,
    receives_soundtrack_alerts,
    receives_quote_emails,
    receives_contract_emails,
    receives_invoice_emails,
    created_at,
    updated_at,
    _loaded_at as loaded_at,
    _is_deleted as is_deleted
from raw.crm__contacts
