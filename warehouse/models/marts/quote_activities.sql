-- description: One row per step of a quote.
-- depends: staging.crm__quote_activities, staging.crm__quotes

-- column: quote_activity_id | Step of a CRM quote.
-- column: quote_id          | CRM quote.
-- column: company_id        | CRM company.
-- column: user_id           | CRM user who did it.
-- column: activity_type     | What was done, in the CRM's words.
-- column: description       | What it is, free text.
-- column: created_at        | When the CRM made the row, UTC.
-- column: is_deleted        | Whether the CRM no longer has the row.

-- unique: quote_activity_id
-- not_null: quote_id

select
    own.quote_activity_id,
    quote_id,
    owner.company_id,
    own.user_id,
    own.activity_type,
    own.description,
    own.created_at,
    own.is_deleted
from staging.crm__quote_activities as own
left join staging.crm__quotes as owner using (quote_id)
