-- description: One row per CRM note: typed and renamed, nothing else.
-- depends: raw.crm__notes

-- column: note_id        | CRM note.
-- column: company_id     | CRM company.
-- column: author_user_id | CRM user who wrote it.
-- column: contact_id     | CRM contact.
-- column: note_type      | General, Meeting, Call, Email, Task, Follow-up, Issue or Resolution.
-- column: priority       | Low, Medium, High or Urgent.
-- column: title          | Headline of the note.
-- column: text           | What the note says.
-- column: is_private     | Whether only its author and administrators see it in the CRM.
-- column: follow_up_date | Day on which somebody should follow up.
-- column: tags           | Tags, separated by commas.
-- column: created_at     | When the CRM made the row, UTC.
-- column: updated_at     | When the CRM says it last changed, UTC; misses some changes.
-- column: loaded_at      | When we last read the row, UTC.
-- column: is_deleted     | Whether the CRM no longer has the row.

-- unique: note_id
-- not_null: note_id

select
    id as note_id,
    company as company_id,
    author as author_user_id,
    contact as contact_id,
    note_type,
    priority,
    title,
    text,
    is_private,
    follow_up_date,
    tags,
    created_at,
    updated_at,
    _loaded_at as loaded_at,
    _is_deleted as is_deleted
from raw.crm__notes
