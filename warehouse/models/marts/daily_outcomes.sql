-- description: One row per day (Bangkok), run and outcome: how many contacts it was decided about. Others add it up.
-- depends: marts.decisions

-- column: metric_date | Day of the decision, in Bangkok.
-- column: campaign_id | Campaign.
-- column: run_id      | One occurrence of a campaign.
-- column: outcome     | What was decided.
-- column: contacts    | Decisions with this outcome: one per considered contact and step.

-- unique: metric_date, run_id, outcome
-- not_null: metric_date, run_id, outcome
-- accepted: outcome | ineligible, stale_data, no_consent, suppressed, no_address, invalid_address, duplicate_address, crm_hold, account_limit, holdout, already_sent, conflict, capped, window_closed, template_unavailable, quota, deferred, send
-- relation: run_id -> staging.journal__campaign_runs.run_id | warning: the store's newest rows come with its next load
-- relation: campaign_id -> staging.journal__campaigns.campaign_id | warning: the store's newest rows come with its next load

select
    (decided_at at time zone 'Asia/Bangkok')::date as metric_date,
    any_value(campaign_id) as campaign_id,
    run_id,
    outcome,
    count(*) as contacts
from marts.decisions
group by metric_date, run_id, outcome
