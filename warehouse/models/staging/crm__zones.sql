-- description: One row per CRM zone: typed and renamed, nothing else.
-- depends: raw.crm__zones

-- column: zone_id                | CRM music zone.
-- column: company_id             | CRM company.
-- column: device_id              | CRM device that plays in the zone.
-- column: name                   | Name as the CRM has it.
-- column: platform               | soundtrack or beatbreeze.
-- column: status                 | online, offline, no_device, expired, pending or cancelled.
-- column: soundtrack_zone_id     | Soundtrack's own id of the zone.
-- column: soundtrack_admin_email | Email address of the zone's Soundtrack administrator.
-- column: device_name            | Name of the device as the CRM has it.
-- column: last_seen_online       | When the hourly sync last saw it online, UTC; Soundtrack only.
-- column: notes                  | Notes of staff, as typed.
-- column: last_api_sync          | When the CRM last asked Soundtrack, UTC.
-- column: is_orphaned            | Whether the zone is no longer in the Soundtrack account.
-- column: orphaned_at            | When the zone was missed in the Soundtrack account, UTC.
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
