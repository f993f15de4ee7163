-- question: Do our counts of the last $days days agree with the providers'?
select
    metric_date,
    channel,
    campaign_id,
    our_count,
    provider_count,
    webhook_count,
    difference,
    in_doubt_count,
    state,
    counted_from,
    counted_until
from marts.reconciliation
where metric_date > current_date - $days::integer
order by metric_date desc, channel, campaign_id nulls first
