-- question: What happened after a campaign's messages went out, day by day?
-- metrics: events | by metric_date as day, event_type | actor: human unknown
select
    metric_date as day,
    event_type,
    sum(events)::bigint as events
from marts.daily_run_events
where
    campaign_id = $campaign_id
    and ($run_id = '' or run_id = $run_id)
    and actor <> 'machine'
group by all
order by day, event_type
