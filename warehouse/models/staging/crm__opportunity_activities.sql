-- description: One row per activity on an opportunity: typed and renamed, nothing else.
-- depends: raw.crm__opportunity_activities

-- column: opportunity_activity_id | CRM activity on an opportunity.
-- column: opportunity_id          | CRM opportunity.
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
-- column: loaded_at               | When we last read the row, UTC.
-- column: is_deleted              | Whether the CRM no longer has the row.

-- unique: opportunity_activity_id
-- not_null: opportunity_activity_id

select
    id as opportunity_activity_id,
    opportunity as opportunity_id,
    user as user_id,
    contact as contact_id,
    activity_type,
    subject,
    description,
    duration_minutes,
    outcome as result,
    next_steps,
    created_at,
    updated_at,
    _loaded_at as loaded_at,
    _is_deleted as is_deleted
from raw.crm__opportunity_activities
