-- description: Messages answered.
-- grain: metric_date, campaign_id, run_id, channel
-- unit: messages
select
    (accepted_at at time zone 'Asia/Bangkok')::date as metric_date,
    campaign_id,
    run_id,
    channel,
    count(*) filter (replied_at is not null) as numerator
from marts.messages
where accepted_at is not null
group by all
