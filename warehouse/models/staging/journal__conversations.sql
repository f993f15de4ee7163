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
-- column: waiting_since     | First message that our last answer, if any, does not answer, UTC.
-- column: first_answered_at | Our first answer, UTC.
-- column: answer_id         | Message that is our last answer.
-- column: department        | Department it was handed over to.
-- column: assigned_at       | When it was handed over, UTC.

-- unique: conversation_id
-- not_null: conversation_id
-- accepted: department | sales, operations, design, finance, support
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
    updated_at,
    waiting_since,
    first_answered_at,
    answer_id,
    department,
    assigned_at
from raw.journal__conversations
