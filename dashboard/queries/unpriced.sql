-- question: Of how many of the messages taken on some days does nobody know what they cost?
-- metrics: sent, unpriced | by channel
select
    channel,
    sum(sent)::bigint as sent,
    sum(unpriced)::bigint as unpriced
from marts.daily_run_metrics
where
    metric_date between $first::date and $last::date
    and (len($campaign_ids) = 0 or campaign_id in (select unnest($campaign_ids)))
group by channel
order by channel
