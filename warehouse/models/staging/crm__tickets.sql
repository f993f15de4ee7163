-- description: One row per CRM ticket: typed and renamed, nothing else.
-- depends: raw.crm__tickets

-- column: ticket_id          | CRM ticket.
-- column: ticket_number      | Ticket number as its source has it.
-- column: subject            | Subject as its source has it.
-- column: description        | Description as its source has it.
-- column: status             | State in the words of its source.
-- column: priority           | Priority as its source has it.
-- column: category           | Category as its source has it.
-- column: company_id         | CRM company.
-- column: contact_id         | CRM contact.
-- column: zone_id            | CRM music zone.
-- column: assigned_user_id   | Identifier of the assigned user.
-- column: assigned_team      | Assigned team as its source has it.
-- column: created_by_user_id | Identifier of the created by user.
-- column: first_response_at  | When first response, UTC.
-- column: resolved_at        | When resolved, UTC.
-- column: closed_at          | When closed, UTC.
-- column: due_date           | Day of due.
-- column: tags               | Tags as its source has it.
-- column: created_at         | When the CRM made the row, UTC.
-- column: updated_at         | When the CRM says it last changed, UTC; misses some changes.
-- column: loaded_at          | When we last read the row, UTC.
-- column: is_deleted         | Whether the CRM no longer has the row.

-- unique: ticket_id
-- not_null: ticket_id

select
    id as ticket_id,
    ticket_number,
    subject,
    description,
    status,
    priority,
    category,
    company as company_id,
    contact as contact_id,
    zone as zone_id,
    assigned_to as assigned_user_id,
    assigned_team,
    created_by as created_by_user_id,
    first_response_at,
    resolved_at,
    closed_at,
    due_date,
    tags,
    created_at,
    updated_at,
    _loaded_at as loaded_at,
    _is_deleted as is_deleted
from raw.crm__tickets
