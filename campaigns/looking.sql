-- description: What campaigns read of `raw`, over a published copy: decisions, messages and memberships are its marts'.
-- Beside it, filled from the store: raw.journal__suppressions and raw.journal__templates, as they are this moment.
-- noqa: disable=LT02
create view raw.campaigns__decisions as
select * from copy.marts.decisions where not list_contains(getvariable('on_request'), campaign_id);
create view raw.journal__messages as select * from copy.marts.messages;
create view raw.campaigns__segment_memberships as select * from copy.marts.segment_memberships;
create table raw.journal__suppressions (
    channel varchar, address varchar, contact_id varchar, purpose varchar, reason varchar, source varchar,
    lifted_at timestamptz
);
create table raw.journal__templates (template_id varchar, channel varchar, language varchar, version integer,
    provider_status varchar, quality varchar, saved_by varchar)
