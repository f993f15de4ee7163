-- question: Why did messages fail?
-- metrics: messages | by channel | status: failed suppressed cancelled expired
select
    channel,
    error_class,
    error_code,
    reason,
    sum(messages)::bigint as messages
from marts.run_statuses
where campaign_id = $campaign_id and status in ('failed', 'suppressed', 'cancelled', 'expired')
group by all
order by messages desc
