-- description: One row per step of a quote: typed and renamed, nothing else.
-- depends: raw.crm__quote_activities

-- column: quote_activity_id | Step of a CRM quote.
-- column: quote_id          | CRM quote.
-- column: user_id           | CRM user who did it.
-- column: activity_type     | Created, Sent, Viewed, Accepted, Rejected, Expired, Updated or Converted.
-- column: description       | What happened, free text.
-- column: created_at        | When the CRM made the row, UTC.
-- column: loaded_at         | When we last read the row, UTC.
-- column: is_deleted        | Whether the CRM no longer has the row.

-- unique: quote_activity_id
-- not_null: quote_activity_id, quote_id

select
    id as quote_activity_id,
    quote_id,
    user as user_id,
    activity_type,
    description,
    created_at,
    _loaded_at as loaded_at,
    _is_deleted as is_deleted
from raw.crm__quote_activities
