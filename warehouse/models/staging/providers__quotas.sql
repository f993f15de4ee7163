-- description: One row per provider and month: how many messages may go out, and how many have, by the provider.
-- depends: raw.providers__quotas

-- column: channel     | How people are reached.
-- column: quota_month | First day of the provider's month.
-- column: quota       | Messages that may go out in the month; null: no limit.
-- column: used        | Messages that have gone out in the month, by the provider, who calls it approximate.
-- column: loaded_at   | When we last read the row, UTC.

-- unique: channel, quota_month
-- not_null: channel, quota_month, used
-- accepted: channel | email, whatsapp, line, sms, messenger, instagram, x

select
    channel,
    month as quota_month,
    quota,
    used,
    _loaded_at as loaded_at
from raw.providers__quotas
