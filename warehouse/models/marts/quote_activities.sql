-- description: One row per step of a quote.
-- depends: staging.crm__quote_activities, staging.crm__quotes

-- column: quote_activity_id | Step of a CRM quote.
-- column: quote_id          | CRM quote.
-- column: company_id        | CRM company; null when the row it belongs to is not here.
-- column: user_id           | CRM user who did it.
-- column: activity_type     | Created, Sent, Viewed, Accepted, Rejected, Expired, Updated or Converted.
-- column: description       | What happened, free text.
-- column: created_at        | When the CRM made the row, UTC.
-- column: is_deleted        | Whether the CRM no longer has the row.

-- unique: quote_activity_id
-- not_null: quote_activity_id, quote_id
-- relation: quote_id -> marts.quotes.quote_id
-- relation: company_id -> marts.companies.company_id | warning: a row that the CRM deleted before our first load is not here
-- unrelated: user_id | a user of the CRM: its users are not loaded

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
