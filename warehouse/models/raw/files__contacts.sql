-- description: One row per version of a contact list and person: as typed, and normalised. Loaded by pipelines/files.
create table if not exists raw.files__contacts (
    list_id varchar not null,
    version bigint not null,
    line_number bigint not null,
    person_id varchar,
    name varchar,
    company_name varchar,
    job_title varchar,
    email varchar,
    email_as_typed varchar,
    mobile varchar,
    mobile_as_typed varchar,
    line_user_id varchar,
    line_user_id_as_typed varchar,
    country varchar,
    language varchar,
    has_consent boolean,
    consent_at date,
    attributes varchar,
    _loaded_at timestamptz
)
