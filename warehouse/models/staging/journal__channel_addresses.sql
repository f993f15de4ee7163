-- description: One row per channel address of the store: nothing else.
-- depends: raw.journal__channel_addresses

-- column: contact_id   | CRM contact.
-- column: channel      | How the person is reached.
-- column: address      | The address on that channel.
-- column: state        | State as its source has it.
-- column: source       | Source as its source has it.
-- column: confidence   | Confidence as its source has it.
-- column: confirmed_at | When confirmed, UTC.
-- column: updated_at   | When the CRM says it last changed, UTC; misses some changes.

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
