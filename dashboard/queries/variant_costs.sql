-- question: What do the providers ask for the messages of each variant, each currency for itself?
-- metrics: sent, unpriced | by variant, channel
-- metrics: cost | by variant, channel, currency
select
    variant,
    channel,
    sum(sent)::bigint as sent,
    sum(unpriced)::bigint as unpriced,
    currency,
    sum(cost) as cost
from marts.daily_run_metrics
where campaign_id = $campaign_id and ($run_id = '' or run_id = $run_id)
group by all
order by variant, channel, currency
