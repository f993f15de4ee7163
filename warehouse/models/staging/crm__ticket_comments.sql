-- description: One row per comment on a ticket: typed and renamed, nothing else.
-- depends: raw.crm__ticket_comments

-- column: ticket_comment_id | CRM comment on a ticket.
-- column: ticket_id         | CRM ticket.
-- column: author_user_id    | CRM user who wrote it.
-- column: text              | What was written.
-- column: is_internal       | Whether only our people see it.
-- column: created_at        | When the CRM made the row, UTC.
-- column: updated_at        | When the CRM says it last changed, UTC; misses some changes.
-- column: loaded_at         | When we last read the row, UTC.
-- column: is_deleted        | Whether the CRM no longer has the row.

-- unique: ticket_comment_id
-- not_null: ticket_comment_id

select
    id as ticket_comment_id,
    ticket as ticket_id,
    author as author_user_id,
    text,
    is_internal,
    created_at,
    updated_at,
    _loaded_at as loaded_at,
    _is_deleted as is_deleted
from raw.crm__ticket_comments
