-- description: One row per channel address of the store: nothing else.
-- depends: raw.journal__channel_addresses

-- column: contact_id   | CRM contact.
-- column: channel      | How the person is reached.
-- column: address      | The address on that channel.
-- column: state        | confirmed, blocked or revoked.
-- column: source       | Where we know it from.
-- column: confidence   | How sure it is that the address is the person's, 0 to 1.
-- column: confirmed_at | When the person confirmed it, UTC.
-- column: updated_at   | When the store last changed the row, UTC.

-- unique: contact_id, channel, address
-- not_null: contact_id, channel, address
-- accepted: channel | email, whatsapp, line, sms, messenger, instagram, x

select
    contact_id,
    channel,
    address,
    state,
    source,
    confidence,
    confirmed_at,
    updated_at
from raw.journal__channel_addresses
