-- description: One row per answer of a person, and per goodbye: an answer of the same person and moment is the goodbye's own words,
-- description: and no success.
-- depends: marts.message_events

-- column: event_id    | Derived from the provider's own key: a repeat is the same row.
-- column: contact_id  | CRM contact.
-- column: event_type  | What happened, in our words.
-- column: occurred_at | When it happened, by the provider, UTC.

-- unique: event_id
-- key: event_id
-- touched: select event_id as key from raw.journal__events where _load_number > taken('journal__events')
-- not_null: event_id, contact_id, event_type, occurred_at
-- accepted: event_type | accepted, held, sent, delivered, opened, read, clicked, replied, bounced, failed, expired, complained, unsubscribed, resubscribed, followed, blocked, converted
-- assert: event_type in ('replied', 'unsubscribed')
-- relation: contact_id -> marts.contacts.contact_id | warning: whom the CRM deleted is not here after a rebuild from it

select
    event_id,
    contact_id,
    event_type,
    occurred_at
from marts.message_events
where
    contact_id is not null
    and (event_type = 'unsubscribed' or (event_type = 'replied' and actor <> 'machine'))
    --+ and event_id in (select key from touched)
