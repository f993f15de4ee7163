-- description: One row per comment on a task: typed and renamed, nothing else.
-- depends: raw.crm__task_comments

-- column: task_comment_id | CRM comment on a task.
-- column: task_id         | CRM task.
-- column: user_id         | CRM user who wrote it.
-- column: comment         | What was written.
-- column: created_at      | When the CRM made the row, UTC.
-- column: updated_at      | When the CRM says it last changed, UTC; misses some changes.
-- column: loaded_at       | When we last read the row, UTC.
-- column: is_deleted      | Whether the CRM no longer has the row.

-- unique: task_comment_id
-- not_null: task_comment_id, task_id

select
    id as task_comment_id,
    task_id,
    user as user_id,
    comment,
    created_at,
    updated_at,
    _loaded_at as loaded_at,
    _is_deleted as is_deleted
from raw.crm__task_comments
