-- question: How many contacts of each run got which outcome?
select
    run_id,
    step,
    outcome,
    count(*) as contacts
from marts.decisions
where campaign_id = $campaign_id
group by run_id, step, outcome
order by max(decided_at) desc, run_id asc, step asc, outcome asc
