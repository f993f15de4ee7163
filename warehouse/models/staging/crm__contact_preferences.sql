-- description: One row per contact: what only the CRM's /mcp/ door shows.
-- depends: raw.crm__contact_preferences

-- column: contact_id             | CRM contact.
-- column: unsubscribed           | Whether the person opted out of everything in the CRM.
-- column: receives_notifications | Whether the CRM may write to the person at all.
-- column: preferred_language     | Language the person prefers: en or th.
-- column: notification_types     | Kinds of notification that the CRM lists for the person.
-- column: loaded_at              | When we last read the row, UTC.

-- unique: contact_id
-- not_null: contact_id

select
    contact_id,
    unsubscribed,
    receives_notifications,
    preferred_language,
    notification_types,
    _loaded_at as loaded_at
from raw.crm__contact_preferences
