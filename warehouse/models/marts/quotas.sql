-- description: One row per provider and month: the quota, what the provider says is used of it, and our own count.
-- depends: staging.providers__quotas, marts._taken_by_run

-- column: channel     | How people are reached.
-- column: quota_month | First day of the provider's month.
-- column: quota       | Messages that may go out in the month; null: no limit.
-- column: used        | Messages that have gone out in the month, by the provider, who calls it approximate.
-- column: our_count   | Messages the provider took, by our ledger.
-- column: loaded_at   | When we last read the row, UTC.

-- unique: channel, quota_month
-- not_null: channel, quota_month, used, our_count
-- accepted: channel | email, whatsapp, line, sms, messenger, instagram, x

-- LINE, the only provider with a quota, has months of UTC+9. Others may send for the same account: used can be more.
with ours as (
    select
        channel,
        date_trunc('month', metric_date)::date as quota_month,
        sum(our_count)::bigint as our_count
    from marts._taken_by_run
    group by all
)

select
    quota.channel,
    quota.quota_month,
    quota.quota,
    quota.used,
    coalesce(ours.our_count, 0) as our_count,
    quota.loaded_at
from staging.providers__quotas as quota
left join ours using (channel, quota_month)
