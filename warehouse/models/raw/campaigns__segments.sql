-- description: One row per version of a segment: its definition, and its size when it was last computed. Written by campaigns.
create table if not exists raw.campaigns__segments (
    segment_id varchar not null,
    name varchar not null,
    definition varchar not null,
    definition_version integer not null,
    member_count bigint not null,
    computed_at timestamptz not null
);
alter table raw.campaigns__segments add column if not exists name_th varchar
