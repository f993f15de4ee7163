-- description: One row per suppression of the store: nothing else.
-- depends: raw.journal__suppressions

-- column: suppression_id | Identifier of the suppression.
-- column: channel        | How the person is reached.
-- column: address        | The address on that channel.
-- column: contact_id     | CRM contact.
-- column: purpose        | What the message is for, and so which consent it needs.
-- column: reason         | Why, in words.
-- column: source         | Source as its source has it.
-- column: created_at     | When the CRM made the row, UTC.
-- column: lifted_at      | When lifted, UTC.
-- column: updated_at     | When the CRM says it last changed, UTC; misses some changes.

-- unique: suppression_id
-- not_null: suppression_id
-- accepted: channel | email, whatsapp, line, sms, messenger, instagram, x
-- accepted: purpose | renewal, payment, seasonal, quarterly, service_alert, quote, contract, invoice, marketing

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
