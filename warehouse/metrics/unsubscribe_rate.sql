-- description: After which the person opted out, of sent.
-- grain: metric_date, campaign_id, run_id, channel
-- unit: share
-- numerator: messages after which the person opted out
-- denominator: messages taken
select
    (accepted_at at time zone 'Asia/Bangkok')::date as metric_date,
    campaign_id,
    run_id,
    channel,
    count(*) filter (unsubscribed_at is not null) as numerator,
    count(*) as denominator
from marts.messages
where accepted_at is not null
group by all
