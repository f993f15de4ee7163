-- description: One row per source, or kind of source: how old its last load may be, and whether campaigns wait for it. This is
-- description: the one place for both. A table with a row of its own (no %) must have been loaded at all; of several patterns
-- description: the longest holds.

-- column: source_pattern  | Raw table, or a LIKE pattern for several.
-- column: expected_within | How old the load may be.
-- column: is_decided_on   | Whether campaigns decide on it, and so wait while it is older than they tolerate.
-- column: promise         | What keeps the promise.

-- unique: source_pattern
-- not_null: source_pattern, expected_within, is_decided_on, promise

select
    source_pattern,
    expected_within,
    is_decided_on,
    promise
from (
    values
    -- A look each minute; ten minutes let a long build pass first.
    ('crm__companies', interval 10 minutes, true, 'webhooks and a look each minute'),
    ('crm__contacts', interval 10 minutes, true, 'webhooks and a look each minute'),
    ('crm__contact_preferences', interval 10 minutes, true, 'a look each minute'),
    ('crm__contracts', interval 10 minutes, true, 'webhooks and a look each minute'),
    ('crm__zones', interval 10 minutes, true, 'webhooks and a look each minute'),
    ('crm__invoices', interval 10 minutes, true, 'webhooks and a look each minute'),
    ('crm__opportunities', interval 10 minutes, true, 'webhooks and a look each minute'),
    ('crm__tickets', interval 10 minutes, true, 'webhooks and a look each minute'),
    -- Campaigns decide on quotes too, though they come by the hour only.
    ('crm__quotes', interval 65 minutes, true, 'the hourly load'),
    -- What the CRM can neither order nor filter by time comes by the hour, with five minutes for the load itself.
    ('crm__%', interval 65 minutes, false, 'the hourly load'),
    ('crm__drift', interval 26 hours, false, 'the nightly full compare'),
    ('journal__messages', interval 65 minutes, true, 'each refresh, and the hourly build'),
    ('journal__suppressions', interval 65 minutes, true, 'each refresh, and the hourly build'),
    ('journal__%', interval 65 minutes, false, 'each refresh, and the hourly build'),
    ('providers__%', interval 26 hours, false, 'the daily question for the providers'' own counts')
) as promised (source_pattern, expected_within, is_decided_on, promise)
