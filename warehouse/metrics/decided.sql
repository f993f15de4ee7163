-- description: Contacts by what was decided about them, on the day of the decision; each once for each step of a run.
-- grain: metric_date, campaign_id, run_id, outcome
-- unit: contacts
select
    metric_date,
    campaign_id,
    run_id,
    outcome,
    contacts as numerator
from marts.daily_outcomes
