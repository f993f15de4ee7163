-- description: One row per record of an email that the CRM sent: typed and renamed, nothing else.
-- depends: raw.crm__email_logs

-- column: email_log_id  | CRM record of an email that it sent itself.
-- column: from_email    | Sender's address.
-- column: to_email      | Recipient's address as the CRM used it.
-- column: cc_emails     | Addresses in copy, with commas between.
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
-- column: message_id    | Message-ID of the mail; of sequences only.
-- column: created_at    | When the CRM made the row, UTC.
-- column: loaded_at     | When we last read the row, UTC.
-- column: is_deleted    | Whether the CRM no longer has the row.

-- unique: email_log_id
-- not_null: email_log_id

select
    id as email_log_id,
    from_email,
    to_email,
    cc_emails,
    subject,
    status,
    email_type,
    sent_at,
    opened_at,
    clicked_at,
    error_message,
    company as company_id,
    contact as contact_id,
    contract as contract_id,
    invoice as invoice_id,
    quote as quote_id,
    message_id,
    created_at,
    _loaded_at as loaded_at,
    _is_deleted as is_deleted
from raw.crm__email_logs
