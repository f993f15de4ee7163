-- description: Clicked by a person, of sent: LINE reports no delivery.
-- grain: metric_date, campaign_id, run_id, channel
-- unit: share
-- numerator: messages clicked by a person
-- denominator: messages taken
select
    (accepted_at at time zone 'Asia/Bangkok')::date as metric_date,
    campaign_id,
    run_id,
    channel,
    count(*) filter (first_human_clicked_at is not null) as numerator,
    count(*) as denominator
from marts.messages
where accepted_at is not null
group by all
