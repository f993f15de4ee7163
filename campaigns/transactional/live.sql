-- description: What the policy asks the store, as it is this moment: the copy's age must not let an opted-out person through.
-- noqa: disable=LT02
create table raw.journal__suppressions (
    channel varchar, address varchar, contact_id varchar, purpose varchar, reason varchar, source varchar,
    lifted_at timestamptz
);
create table raw.journal__templates (
    template_id varchar, channel varchar, language varchar, version integer, provider_status varchar
);
create temp table replaced (run_id varchar, contact_id varchar, step varchar, is_lost boolean);
-- The audience asks what campaigns sent before: nothing of it counts for a message that somebody asked for.
create table raw.campaigns__decisions (
    run_id varchar, campaign_id varchar, step varchar, contact_id varchar, company_id varchar, subject_type varchar,
    subject_id varchar, outcome varchar
);
create table raw.journal__messages (message_id varchar, run_id varchar, contact_id varchar, step varchar, status varchar)
