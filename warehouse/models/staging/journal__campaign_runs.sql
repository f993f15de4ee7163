-- description: One row per campaign run of the store: nothing else.
-- depends: raw.journal__campaign_runs

-- column: run_id             | One occurrence of a campaign.
-- column: campaign_id        | Campaign.
-- column: occurrence         | Occurrence as its source has it.
-- column: definition_version | Definition version as its source has it.
-- column: segment_version    | Segment version as its source has it.
-- column: policy_version     | Policy version as its source has it.
-- column: snapshot_id        | Build of the warehouse that was decided on.
-- column: status             | State in the words of its source.
-- column: audience           | Audience as its source has it.
-- column: decided_at         | When decided, UTC.
-- column: planned_at         | When planned, UTC.
-- column: updated_at         | When the CRM says it last changed, UTC; misses some changes.

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
    updated_at
from raw.journal__campaign_runs
