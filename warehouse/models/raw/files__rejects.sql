-- description: One row per version of a contact list and row not taken, with the reason. Loaded by pipelines/files.
create table if not exists raw.files__rejects (
    list_id varchar not null,
    version bigint not null,
    line_number bigint not null,
    reject_type varchar,
    reason varchar,
    cells varchar,
    _loaded_at timestamptz
)
