-- description: One row per record of an email that the CRM sent.
-- depends: staging.crm__email_logs

-- column: email_log_id  | CRM record of an email that it sent itself.
-- column: from_email    | Sender's address.
-- column: to_email      | Recipient's address as the CRM used it.
-- column: subject       | Subject line.
-- column: status        | pending, sent, failed, bounced, opened, clicked or unsubscribed.
-- column: email_type    | What the email was for: renewal, invoice, payment, sequence and so on.
-- column: sent_at       | When the CRM sent it, UTC.
-- column: opened_at     | When its image was first loaded, by a person or a machine, UTC.
-- column: clicked_at    | When clicked, UTC; the CRM does not set it.
-- column: error_message | What the mail server said, or empty.
-- column: company_id    | CRM company.
-- column: contact_id    | CRM contact it went to; null when the CRM did not say.
-- column: contract_id   | CRM contract it was about.
-- column: invoice_id    | CRM invoice it was about.
-- column: quote_id      | CRM quote it was about.
-- column: created_at    | When the CRM made the row, UTC.
-- column: is_deleted    | Whether the CRM no longer has the row.

-- unique: email_log_id
-- not_null: email_log_id, company_id, status
-- relation: company_id -> marts.companies.company_id | warning: a row that the CRM deleted before our first load is not here
-- relation: contact_id -> marts.contacts.contact_id | warning: a row that the CRM deleted before our first load is not here
-- relation: contract_id -> marts.contracts.contract_id | warning: a row that the CRM deleted before our first load is not here
-- relation: invoice_id -> marts.invoices.invoice_id | warning: a row that the CRM deleted before our first load is not here
-- relation: quote_id -> marts.quotes.quote_id | warning: a row that the CRM deleted before our first load is not here

select
    email_log_id,
    from_email,
    to_email,
    subject,
    status,
    email_type,
    sent_at,
    opened_at,
    clicked_at,
    error_message,
    company_id,
    contact_id,
    contract_id,
    invoice_id,
    quote_id,
    created_at,
    is_deleted
from staging.crm__email_logs
