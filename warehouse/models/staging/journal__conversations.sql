-- description: One row per conversation of the store: nothing else.
-- depends: raw.journal__conversations

-- column: conversation_id   | Identifier of the conversation.
-- column: contact_id        | CRM contact.
-- column: channel           | How the person is reached.
-- column: address           | The address on that channel.
-- column: status            | State in the words of its source.
-- column: message_count     | Message count as its source has it.
-- column: opened_at         | When opened, UTC.
-- column: last_inbound_at   | When last inbound, UTC.
-- column: last_outbound_at  | When last outbound, UTC.
-- column: window_open_until | Window open until as its source has it.
-- column: updated_at        | When the CRM says it last changed, UTC; misses some changes.

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
