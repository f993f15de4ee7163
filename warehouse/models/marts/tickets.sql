-- description: One row per CRM ticket.
-- depends: staging.crm__tickets

-- column: ticket_id         | CRM ticket.
-- column: company_id        | CRM company.
-- column: contact_id        | CRM contact who raised it.
-- column: zone_id           | CRM music zone it is about.
-- column: ticket_number     | Number shown to people.
-- column: subject           | What it is about.
-- column: status            | new, assigned, in_progress, pending, resolved or closed.
-- column: priority          | low, medium, high or urgent.
-- column: category          | technical, billing, zone_config, account, feature_request or general.
-- column: is_open           | Whether it is neither resolved nor closed nor deleted.
-- column: first_response_at | When somebody first answered, UTC.
-- column: resolved_at       | When it was resolved, UTC.
-- column: created_at        | When the CRM made the row, UTC.
-- column: updated_at        | When the CRM says it last changed, UTC; misses some changes.
-- column: is_deleted        | Whether the CRM no longer has the row.

-- unique: ticket_id
-- not_null: ticket_id, company_id, status
-- relation: company_id -> marts.companies.company_id | warning: a row that the CRM deleted before our first load is not here
-- relation: contact_id -> marts.contacts.contact_id | warning: a row that the CRM deleted before our first load is not here
-- relation: zone_id -> marts.zones.zone_id | warning: a row that the CRM deleted before our first load is not here

select
    ticket_id,
    company_id,
    contact_id,
    zone_id,
    ticket_number,
    subject,
    status,
    priority,
    category,
    status not in ('resolved', 'closed') and not is_deleted as is_open,
    first_response_at,
    resolved_at,
    created_at,
    updated_at,
    is_deleted
from staging.crm__tickets
