-- description: One row per considered contact, step and subject of a run: what was decided and why. Appended by campaigns.
create table if not exists raw.campaigns__decisions (
    run_id varchar not null,
    campaign_id varchar not null,
    step varchar not null,
    contact_id varchar not null,
    company_id varchar not null,
    subject_type varchar not null,
    subject_id varchar not null,
    outcome varchar not null,
    reason varchar not null,
    channel varchar,
    variant varchar,
    deferred_until timestamptz,
    decided_at timestamptz not null,
    snapshot_id varchar not null
)
