-- description: Delivered of sent; null for LINE, which reports none.
-- grain: metric_date, campaign_id, run_id, channel
-- unit: share
-- numerator: messages that arrived
-- denominator: messages taken, but for LINE
select
    (accepted_at at time zone 'Asia/Bangkok')::date as metric_date,
    campaign_id,
    run_id,
    channel,
    count(*) filter (channel <> 'line' and delivered_at is not null) as numerator,
    count(*) filter (channel <> 'line') as denominator
from marts.messages
where accepted_at is not null
group by all
