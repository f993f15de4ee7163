-- question: What went out by day and channel between two days?
-- metrics: sent, opened_human, clicked_human, replied | by metric_date, channel
select
    metric_date,
    channel,
    sent,
    opened_human,
    clicked_human,
    replied
from marts.daily_channel_metrics
where metric_date between $first::date and $last::date
order by metric_date, channel
