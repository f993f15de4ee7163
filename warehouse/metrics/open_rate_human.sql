-- description: Opened or read by a person, of delivered.
-- grain: metric_date, campaign_id, run_id, channel
-- unit: share
-- numerator: delivered messages opened or read by a person
-- denominator: messages that arrived
select
    (accepted_at at time zone 'Asia/Bangkok')::date as metric_date,
    campaign_id,
    run_id,
    channel,
    count(*) filter (first_human_opened_at is not null and delivered_at is not null) as numerator,
    count(*) filter (delivered_at is not null) as denominator
from marts.messages
where accepted_at is not null
group by all
