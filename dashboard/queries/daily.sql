-- question: What went out by day and channel in the last $days days?
select
    metric_date,
    channel,
    sent,
    opened_human,
    clicked_human,
    replied
from marts.daily_channel_metrics
where metric_date > current_date - $days::integer
order by metric_date, channel
