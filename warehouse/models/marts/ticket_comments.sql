-- description: One row per comment on a ticket.
-- depends: staging.crm__ticket_comments, staging.crm__tickets

-- column: ticket_comment_id | CRM comment on a ticket.
-- column: ticket_id         | CRM ticket.
-- column: company_id        | CRM company; null when the row it belongs to is not here.
-- column: author_user_id    | CRM user who wrote it.
-- column: text              | What was written.
-- column: is_internal       | Whether only our people see it.
-- column: created_at        | When the CRM made the row, UTC.
-- column: updated_at        | When the CRM says it last changed, UTC; misses some changes.
-- column: is_deleted        | Whether the CRM no longer has the row.

-- unique: ticket_comment_id
-- not_null: ticket_comment_id, ticket_id
-- relation: ticket_id -> marts.tickets.ticket_id | warning: a row that the CRM deleted before our first load is not here
-- relation: company_id -> marts.companies.company_id | warning: a row that the CRM deleted before our first load is not here
-- unrelated: author_user_id | a user of the CRM: its users are not loaded

select
    own.ticket_comment_id,
    ticket_id,
    owner.company_id,
    own.author_user_id,
    own.text,
    own.is_internal,
    own.created_at,
    own.updated_at,
    own.is_deleted
from staging.crm__ticket_comments as own
left join staging.crm__tickets as owner using (ticket_id)
