-- description: One row per provider's counter, template and day of the provider: its own count of what it took from us.
-- depends: raw.providers__daily_totals

-- column: channel     | How people are reached.
-- column: counter     | What the provider counts: push, multicast or template.
-- column: template_id | Template; null where the provider does not count by it. A provider's template has our name.
-- column: starts_at   | When the provider's day starts, UTC.
-- column: ends_at     | When the provider's day ends, UTC.
-- column: status      | ready; unready: not counted yet; out_of_service, unavailable_for_privacy: it never will be.
-- column: sent        | Messages sent, by the provider; null unless it is ready.
-- column: delivered   | Messages that arrived, by the provider; null where it does not say so.
-- column: read        | Messages read, by the provider; null where it does not say so.
-- column: loaded_at   | When we last read the row, UTC.

-- unique: channel, counter, template_id, starts_at
-- not_null: channel, counter, starts_at, ends_at, status
-- accepted: status | ready, unready, out_of_service, unavailable_for_privacy
-- accepted: channel | email, whatsapp, line, sms, messenger, instagram, x
-- assert: starts_at < ends_at

select
    channel,
    counter,
    nullif(template_name, '') as template_id,
    starts_at,
    ends_at,
    status,
    sent,
    delivered,
    read,
    _loaded_at as loaded_at
from raw.providers__daily_totals
