-- description: One row per interval in which a contact was in a segment, with the reason. Written by campaigns.
create table if not exists raw.campaigns__segment_memberships (
    segment_id varchar not null,
    contact_id varchar not null,
    company_id varchar not null,
    subject_type varchar not null,
    subject_id varchar not null,
    valid_from timestamptz not null,
    valid_to timestamptz,
    definition_version integer not null,
    reason varchar not null
)
