-- description: One row per task.
-- depends: staging.crm__tasks

-- column: task_id            | CRM task.
-- column: company_id         | CRM company.
-- column: assigned_user_id   | CRM user who has it.
-- column: created_by_user_id | CRM user who made it.
-- column: title              | What is to be done.
-- column: description        | What it is about, at length, as typed.
-- column: priority           | Low, Medium, High or Urgent.
-- column: status             | To Do, In Progress, Done, Cancelled or On Hold.
-- column: task_type          | Call, Email, Follow-up, Meeting or Other.
-- column: due_at             | When it is to be done, UTC.
-- column: completed_at       | When it was done, UTC.
-- column: opportunity_id     | CRM opportunity it is about.
-- column: contract_id        | CRM contract it is about.
-- column: contact_id         | CRM contact it is about.
-- column: created_at         | When the CRM made the row, UTC.
-- column: updated_at         | When the CRM says it last changed, UTC; misses some changes.
-- column: is_deleted         | Whether the CRM no longer has the row.

-- unique: task_id
-- not_null: task_id, company_id, status
-- relation: company_id -> marts.companies.company_id | warning: a row that the CRM deleted before our first load is not here
-- relation: opportunity_id -> marts.opportunities.opportunity_id | warning: a row that the CRM deleted before our first load is not here
-- relation: contract_id -> marts.contracts.contract_id | warning: a row that the CRM deleted before our first load is not here
-- relation: contact_id -> marts.contacts.contact_id | warning: a row that the CRM deleted before our first load is not here
-- unrelated: assigned_user_id | a user of the CRM: its users are not loaded
-- unrelated: created_by_user_id | a user of the CRM: its users are not loaded

select
    task_id,
    company_id,
    assigned_user_id,
    created_by_user_id,
    title,
    description,
    priority,
    status,
    task_type,
    due_at,
    completed_at,
    opportunity_id,
    contract_id,
    contact_id,
    created_at,
    updated_at,
    is_deleted
from staging.crm__tasks
