-- description: One row per CRM zone: typed and renamed, nothing else.
-- depends: raw.crm__zones

-- column: zone_id                | CRM music zone.
-- column: company_id             | CRM company.
-- column: device_id              | Identifier of the device.
-- column: name                   | Name as the CRM has it.
-- column: platform               | Platform as its source has it.
-- column: status                 | State in the words of its source.
-- column: soundtrack_zone_id     | Identifier of the soundtrack zone.
-- column: soundtrack_admin_email | Soundtrack admin email as its source has it.
-- column: device_name            | Device name as its source has it.
-- column: last_seen_online       | Last seen online as its source has it.
-- column: notes                  | Notes as its source has it.
-- column: last_api_sync          | Last api sync as its source has it.
-- column: is_orphaned            | Whether orphaned.
-- column: orphaned_at            | When orphaned, UTC.
-- column: created_at             | When the CRM made the row, UTC.
-- column: updated_at             | When the CRM says it last changed, UTC; misses some changes.
-- column: loaded_at              | When we last read the row, UTC.
-- column: is_deleted             | Whether the CRM no longer has the row.

-- unique: zone_id
-- not_null: zone_id

select
    id as zone_id,
    company as company_id,
    device as device_id,
    name,
    platform,
    status,
    soundtrack_zone_id,
    soundtrack_admin_email,
    device_name,
    last_seen_online,
    notes,
    last_api_sync,
    is_orphaned,
    orphaned_at,
    created_at,
    updated_at,
    _loaded_at as loaded_at,
    _is_deleted as is_deleted
from raw.crm__zones
