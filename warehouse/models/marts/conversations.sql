-- description: One row per thread with a person on a channel.
-- depends: staging.journal__conversations

-- column: conversation_id        | Derived from channel and address.
-- column: contact_id             | CRM contact, when known.
-- column: channel                | How the person writes.
-- column: status                 | open or closed.
-- column: message_count          | Messages the person wrote.
-- column: opened_at              | First message, UTC.
-- column: last_inbound_at        | Last message of the person, UTC.
-- column: last_outbound_at       | Our last answer, UTC.
-- column: window_open_until      | Until when the channel lets us answer freely, UTC; null where there is no such window.
-- column: first_response_seconds | Seconds from the first message to our first answer; null before it.
-- column: sentiment              | Mood of the thread; null until it is judged.

-- unique: conversation_id
-- not_null: conversation_id
-- accepted: channel | email, whatsapp, line, sms, messenger, instagram, x
-- relation: contact_id -> marts.contacts.contact_id | warning: whom the CRM deleted is not here after a rebuild from it

select
    conversation_id,
    contact_id,
    channel,
    status,
    message_count,
    opened_at,
    last_inbound_at,
    last_outbound_at,
    window_open_until,
    case when last_outbound_at >= opened_at then epoch(last_outbound_at - opened_at) end as first_response_seconds,
    null::varchar as sentiment
from staging.journal__conversations
