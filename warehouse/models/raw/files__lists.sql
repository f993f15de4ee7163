-- description: One row per version of a contact list: how its file was read. Loaded by pipelines/files, last of a version.
create table if not exists raw.files__lists (
    list_id varchar not null,
    version bigint not null,
    content_hash varchar,
    file_name varchar,
    encoding varchar,
    separator varchar,
    sheet varchar,
    mapping varchar,
    row_count bigint,
    accepted_count bigint,
    rejected_count bigint,
    duplicate_count bigint,
    consent_purposes varchar,
    consent_evidence varchar,
    consent_at date,
    _loaded_at timestamptz
)
