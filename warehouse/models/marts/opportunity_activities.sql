-- description: One row per activity on an opportunity.
-- depends: staging.crm__opportunity_activities, staging.crm__opportunities

-- column: opportunity_activity_id | CRM activity on an opportunity.
-- column: opportunity_id          | CRM opportunity.
-- column: company_id              | CRM company.
-- column: user_id                 | CRM user who did it.
-- column: contact_id              | CRM contact.
-- column: activity_type           | What was done, in the CRM's words.
-- column: subject                 | Subject line.
-- column: description             | What it is, free text.
-- column: duration_minutes        | How long it took, minutes.
-- column: outcome                 | What came of it, free text.
-- column: next_steps              | What is to follow, free text.
-- column: created_at              | When the CRM made the row, UTC.
-- column: updated_at              | When the CRM says it last changed, UTC; misses some changes.
-- column: is_deleted              | Whether the CRM no longer has the row.

-- unique: opportunity_activity_id
-- not_null: opportunity_id

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
    own.outcome,
    own.next_steps,
    own.created_at,
    own.updated_at,
    own.is_deleted
from staging.crm__opportunity_activities as own
left join staging.crm__opportunities as owner using (opportunity_id)
