-- description: One row per CRM opportunity: typed and renamed, nothing else.
-- depends: raw.crm__opportunities

-- column: opportunity_id      | CRM opportunity.
-- column: company_id          | CRM company.
-- column: name                | Name as the CRM has it.
-- column: service_type        | Service type as its source has it.
-- column: stage               | Stage as its source has it.
-- column: expected_value      | Expected value as its source has it.
-- column: probability         | Probability as its source has it.
-- column: owner_user_id       | Identifier of the owner user.
-- column: lead_source         | Lead source as its source has it.
-- column: contact_method      | Contact method as its source has it.
-- column: last_contact_date   | Day of last contact.
-- column: follow_up_date      | Day of follow up.
-- column: expected_close_date | Day of expected close.
-- column: actual_close_date   | Day of actual close.
-- column: notes               | Notes as its source has it.
-- column: is_active           | Whether active.
-- column: competitors         | Competitors as its source has it.
-- column: pain_points         | Pain points as its source has it.
-- column: decision_criteria   | Decision criteria as its source has it.
-- column: stage_changed_at    | When stage changed, UTC.
-- column: created_at          | When the CRM made the row, UTC.
-- column: updated_at          | When the CRM says it last changed, UTC; misses some changes.
-- column: loaded_at           | When we last read the row, UTC.
-- column: is_deleted          | Whether the CRM no longer has the row.

-- unique: opportunity_id
-- not_null: opportunity_id

select
    id as opportunity_id,
    company as company_id,
    name,
    service_type,
    stage,
    expected_value,
    probability,
    owner as owner_user_id,
    lead_source,
    contact_method,
    last_contact_date,
    follow_up_date,
    expected_close_date,
    actual_close_date,
    notes,
    is_active,
    competitors,
    pain_points,
    decision_criteria,
    stage_changed_at,
    created_at,
    updated_at,
    _loaded_at as loaded_at,
    _is_deleted as is_deleted
from raw.crm__opportunities
