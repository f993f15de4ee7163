-- description: One row per segment: its current definition and size. Written by campaigns.
create table if not exists raw.campaigns__segments (
    segment_id varchar not null,
    name varchar not null,
    definition varchar not null,
    definition_version integer not null,
    member_count bigint not null,
    computed_at timestamptz not null
)
