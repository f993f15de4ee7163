-- question: What went out by channel between two days?
-- metrics: sent, delivered, opened_raw, opened_human, clicked_raw, clicked_human, replied, unsubscribed, failed | by channel
select
    channel,
    sum(sent)::bigint as sent,
    sum(delivered)::bigint as delivered,
    sum(opened_raw)::bigint as opened_raw,
    sum(opened_human)::bigint as opened_human,
    sum(clicked_raw)::bigint as clicked_raw,
    sum(clicked_human)::bigint as clicked_human,
    sum(replied)::bigint as replied,
    sum(unsubscribed)::bigint as unsubscribed,
    sum(failed)::bigint as failed
from marts.daily_channel_metrics
where metric_date between $first::date and $last::date
group by channel
order by channel
