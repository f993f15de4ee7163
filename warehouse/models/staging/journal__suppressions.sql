-- description: One row per suppression of the store: nothing else.
-- depends: raw.journal__suppressions

-- column: suppression_id | Suppression.
-- column: channel        | How the person is not to be reached; all: by nothing.
-- column: address        | The address on that channel, normalised; null when the whole contact is meant.
-- column: contact_id     | CRM contact.
-- column: purpose        | What is not to be sent; all: nothing.
-- column: reason         | Why, in words.
-- column: source         | What told us: one_click, whatsapp_stop, line_unfollow, bounce, crm, person and so on.
-- column: created_at     | When the store made the row, UTC.
-- column: lifted_at      | When it was lifted, UTC; null while it holds.
-- column: updated_at     | When the store last changed the row, UTC.

-- unique: suppression_id
-- not_null: suppression_id
-- accepted: channel | email, whatsapp, line, sms, messenger, instagram, x, all
-- accepted: purpose | renewal, payment, seasonal, quarterly, service_alert, quote, contract, invoice, marketing, all

select
    suppression_id,
    channel,
    address,
    contact_id,
    purpose,
    reason,
    source,
    created_at,
    lifted_at,
    updated_at
from raw.journal__suppressions
