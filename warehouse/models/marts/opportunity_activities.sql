-- description: One row per activity on an opportunity.
-- depends: staging.crm__opportunity_activities, staging.crm__opportunities

-- column: opportunity_activity_id | CRM activity on an opportunity.
-- column: opportunity_id          | CRM opportunity.
-- column: company_id              | CRM company; null when the row it belongs to is not here.
-- column: user_id                 | CRM user who did it.
-- column: contact_id              | CRM contact.
-- column: activity_type           | Call, Email, Meeting, Demo, Proposal, Follow-up, Quote, Contract or Other.
-- column: subject                 | What it is about.
-- column: description             | What it is about, at length, as typed.
-- column: duration_minutes        | How long it took, minutes.
-- column: result                  | What came of it, free text.
-- column: next_steps              | What is to follow, free text.
-- column: created_at              | When the CRM made the row, UTC.
-- column: updated_at              | When the CRM says it last changed, UTC; misses some changes.
-- column: is_deleted              | Whether the CRM no longer has the row.

-- unique: opportunity_activity_id
-- not_null: opportunity_activity_id, opportunity_id
-- relation: opportunity_id -> marts.opportunities.opportunity_id | warning: a row that the CRM deleted before our first load is not here
-- relation: company_id -> marts.companies.company_id | warning: a row that the CRM deleted before our first load is not here
-- relation: contact_id -> marts.contacts.contact_id | warning: a row that the CRM deleted before our first load is not here
-- unrelated: user_id | a user of the CRM: its users are not loaded

select
    own.opportunity_activity_id,
    opportunity_id,
    owner.company_id,
    own.user_id,
    own.contact_id,
    own.activity_type,
    own.subject,
    own.description,
    own.duration_minutes,
    own.result,
    own.next_steps,
    own.created_at,
    own.updated_at,
    own.is_deleted
from staging.crm__opportunity_activities as own
left join staging.crm__opportunities as owner using (opportunity_id)
