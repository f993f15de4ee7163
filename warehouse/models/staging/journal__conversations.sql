-- description: One row per conversation of the store: nothing else.
-- depends: raw.journal__conversations

-- column: conversation_id   | Derived from channel and address.
-- column: contact_id        | CRM contact.
-- column: channel           | How the person is reached.
-- column: address           | The address on that channel.
-- column: status            | open or closed.
-- column: message_count     | Messages the person wrote.
-- column: opened_at         | First message, UTC.
-- column: last_inbound_at   | Last message of the person, UTC.
-- column: last_outbound_at  | Our last answer, UTC.
-- column: window_open_until | Until when the channel lets us answer freely, UTC; null where there is no such window.
-- column: updated_at        | When the store last changed the row, UTC.

-- unique: conversation_id
-- not_null: conversation_id
-- accepted: channel | email, whatsapp, line, sms, messenger, instagram, x

select
    conversation_id,
    contact_id,
    channel,
    address,
    status,
    message_count,
    opened_at,
    last_inbound_at,
    last_outbound_at,
    window_open_until,
    updated_at
from raw.journal__conversations
