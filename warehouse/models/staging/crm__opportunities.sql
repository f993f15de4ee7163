-- description: One row per CRM opportunity: typed and renamed, nothing else.
-- depends: raw.crm__opportunities

-- column: opportunity_id      | CRM opportunity.
-- column: company_id          | CRM company.
-- column: name                | Name as the CRM has it.
-- column: service_type        | soundtrack or beatbreeze.
-- column: stage               | Contacted, Quotation Sent, Contract Sent, Won or Lost.
-- column: expected_value      | Amount hoped for; the CRM keeps no currency for it.
-- column: probability         | Chance of winning it in percent, 0 to 100, by the CRM.
-- column: owner_user_id       | CRM user who owns it.
-- column: lead_source         | Where it came from, in the CRM's words.
-- column: contact_method      | How the first contact was made, in the CRM's words.
-- column: last_contact_date   | Day of the last contact, as typed.
-- column: follow_up_date      | Day on which somebody should follow up.
-- column: expected_close_date | Day on which it should close.
-- column: actual_close_date   | Day on which it was won or lost.
-- column: notes               | Notes of staff, as typed.
-- column: is_active           | The CRM's flag.
-- column: competitors         | Competitors, as typed.
-- column: pain_points         | What troubles the customer, as typed.
-- column: decision_criteria   | What the customer decides by, as typed.
-- column: stage_changed_at    | When the stage last changed, UTC.
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
