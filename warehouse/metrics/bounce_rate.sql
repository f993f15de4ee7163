-- description: Emails taken and then returned, of emails sent; null for other channels.
-- grain: metric_date, campaign_id, run_id, channel
-- unit: share
-- numerator: emails taken and then returned
-- denominator: emails taken
select
    (accepted_at at time zone 'Asia/Bangkok')::date as metric_date,
    campaign_id,
    run_id,
    channel,
    count(*) filter (channel = 'email' and status = 'failed') as numerator,
    count(*) filter (channel = 'email') as denominator
from marts.messages
where accepted_at is not null
group by all
