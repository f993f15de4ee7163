-- question: How much of each channel's quota is used?
select
    channel,
    quota_month,
    quota,
    used,
    our_count,
    loaded_at
from marts.quotas
order by quota_month desc, channel
