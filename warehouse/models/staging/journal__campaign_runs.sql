-- description: One row per campaign run of the store: nothing else.
-- depends: raw.journal__campaign_runs

-- column: run_id             | One occurrence of a campaign.
-- column: campaign_id        | Campaign.
-- column: occurrence         | Which occurrence of the campaign, e.g. the day in Bangkok of a daily one.
-- column: definition_version | Version of the definition.
-- column: segment_version    | Version of the segment that gave the audience.
-- column: policy_version     | Version of the policy that decided.
-- column: snapshot_id        | Build of the warehouse that was decided on.
-- column: status             | deciding or planned.
-- column: audience           | Contacts considered.
-- column: decided_at         | When the run decided, UTC.
-- column: planned_at         | When its messages were planned, UTC.
-- column: updated_at         | When the store last changed the row, UTC.
-- column: parameters         | What the policy was told and the versions of the templates, JSON: a run can be replayed.

-- unique: run_id
-- not_null: run_id

select
    run_id,
    campaign_id,
    occurrence,
    definition_version,
    segment_version,
    policy_version,
    snapshot_id,
    status,
    audience,
    decided_at,
    planned_at,
    updated_at,
    parameters
from raw.journal__campaign_runs
