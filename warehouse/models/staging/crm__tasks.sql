-- description: One row per task: typed and renamed, nothing else.
-- depends: raw.crm__tasks

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
-- column: loaded_at          | When we last read the row, UTC.
-- column: is_deleted         | Whether the CRM no longer has the row.

-- unique: task_id
-- not_null: task_id

select
    id as task_id,
    company as company_id,
    assigned_to as assigned_user_id,
    created_by as created_by_user_id,
    title,
    description,
    priority,
    status,
    task_type,
    due_date as due_at,
    completed_at,
    related_opportunity as opportunity_id,
    related_contract as contract_id,
    related_contact as contact_id,
    created_at,
    updated_at,
    _loaded_at as loaded_at,
    _is_deleted as is_deleted
from raw.crm__tasks
