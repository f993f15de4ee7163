-- description: One row per CRM ticket: typed and renamed, nothing else.
-- depends: raw.crm__tickets

-- column: ticket_id          | CRM ticket.
-- column: ticket_number      | Number shown to people.
-- column: subject            | What it is about.
-- column: description        | What it is about, at length, as typed.
-- column: status             | new, assigned, in_progress, pending, resolved or closed.
-- column: priority           | low, medium, high or urgent.
-- column: category           | technical, billing, zone_config, account, feature_request or general.
-- column: company_id         | CRM company.
-- column: contact_id         | CRM contact.
-- column: zone_id            | CRM music zone.
-- column: assigned_user_id   | CRM user who has it.
-- column: assigned_team      | Team of ours that has it, in the CRM's words.
-- column: created_by_user_id | CRM user who made it.
-- column: first_response_at  | When somebody first answered, UTC.
-- column: resolved_at        | When it was resolved, UTC.
-- column: closed_at          | When it was closed, UTC.
-- column: due_date           | Day by which it should be resolved.
-- column: tags               | Tags, separated by commas.
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
