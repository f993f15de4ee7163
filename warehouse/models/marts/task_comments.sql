-- description: One row per comment on a task.
-- depends: staging.crm__task_comments, staging.crm__tasks

-- column: task_comment_id | CRM comment on a task.
-- column: task_id         | CRM task.
-- column: company_id      | CRM company; null when the row it belongs to is not here.
-- column: user_id         | CRM user who wrote it.
-- column: comment         | What was written.
-- column: created_at      | When the CRM made the row, UTC.
-- column: updated_at      | When the CRM says it last changed, UTC; misses some changes.
-- column: is_deleted      | Whether the CRM no longer has the row.

-- unique: task_comment_id
-- not_null: task_comment_id, task_id
-- relation: task_id -> marts.tasks.task_id
-- relation: company_id -> marts.companies.company_id | warning: a row that the CRM deleted before our first load is not here
-- unrelated: user_id | a user of the CRM: its users are not loaded

select
    own.task_comment_id,
    task_id,
    owner.company_id,
    own.user_id,
    own.comment,
    own.created_at,
    own.updated_at,
    own.is_deleted
from staging.crm__task_comments as own
left join staging.crm__tasks as owner using (task_id)
