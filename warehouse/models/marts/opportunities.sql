-- description: One row per CRM opportunity. Its expected value has no currency in the CRM.
-- depends: staging.crm__opportunities

-- column: opportunity_id      | CRM opportunity.
-- column: company_id          | CRM company.
-- column: name                | Name as the CRM has it.
-- column: stage               | Contacted, Quotation Sent, Contract Sent, Won or Lost.
-- column: stage_changed_at    | When the stage last changed, UTC.
-- column: expected_value      | Amount hoped for; the CRM keeps no currency for it.
-- column: expected_close_date | Day on which it should close.
-- column: is_active           | The CRM's flag.
-- column: created_at          | When the CRM made the row, UTC.
-- column: updated_at          | When the CRM says it last changed, UTC; misses some changes.
-- column: is_deleted          | Whether the CRM no longer has the row.

-- unique: opportunity_id
-- not_null: opportunity_id, company_id
-- relation: company_id -> marts.companies.company_id | warning: a row that the CRM deleted before our first load is not here

select
    opportunity_id,
    company_id,
    name,
    stage,
    stage_changed_at,
    expected_value,
    expected_close_date,
    is_active,
    created_at,
    updated_at,
    is_deleted
from staging.crm__opportunities
