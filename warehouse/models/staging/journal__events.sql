-- description: One row per event of the store: nothing else.
-- depends: raw.journal__events

-- column: event_id            | Derived from the provider's own key: a repeat is the same row.
-- column: message_id          | Our message.
-- column: contact_id          | CRM contact.
-- column: channel             | How the person is reached.
-- column: event_type          | What happened, in our words.
-- column: provider_event_type | What happened, in the provider's words.
-- column: provider_message_id | The provider's id.
-- column: address             | The address on that channel.
-- column: link_id             | Tracked link, of a click.
-- column: actor               | human, machine or unknown, as first judged.
-- column: classifier_version  | Version of the rules that judged the actor.
-- column: detail              | Everything else the provider said, JSON.
-- column: inbox_id            | Delivery of the provider, in the store's inbox, that told of it.
-- column: occurred_at         | When it happened, by the provider, UTC.
-- column: received_at         | When we heard of it, UTC.
-- column: recorded_at         | When it was written into the store, UTC.

-- unique: event_id
-- not_null: event_id
-- key: event_id
-- touched: select event_id as key from raw.journal__events where _load_number > taken('journal__events')
-- fixed: message_id, event_type
-- accepted: channel | email, whatsapp, line, sms, messenger, instagram, x
-- accepted: event_type | accepted, held, sent, delivered, opened, read, clicked, replied, bounced, failed, expired, complained, unsubscribed, resubscribed, followed, blocked, converted
-- accepted: actor | human, machine, unknown

select
    event_id,
    message_id,
    contact_id,
    channel,
    event_type,
    provider_event_type,
    provider_message_id,
    address,
    link_id,
    actor,
    classifier_version,
    detail,
    inbox_id,
    occurred_at,
    received_at,
    recorded_at
from raw.journal__events
--+ where _load_number > taken('journal__events')
