-- description: One row per music zone. Only Soundtrack zones have a live status.
-- depends: staging.crm__zones

-- column: zone_id          | CRM music zone.
-- column: company_id       | CRM company.
-- column: name             | Location and zone as the CRM has it.
-- column: platform         | soundtrack or beatbreeze.
-- column: status           | online, offline, no_device, expired, pending or cancelled.
-- column: last_seen_online | When the hourly sync last saw it online, UTC; Soundtrack only.
-- column: offline_since    | Since when a Soundtrack zone is offline, UTC; null when it is not.
-- column: is_orphaned      | Whether the zone is no longer in the Soundtrack account.
-- column: created_at       | When the CRM made the row, UTC.
-- column: updated_at       | When the CRM says it last changed, UTC; misses some changes.
-- column: is_deleted       | Whether the CRM no longer has the row.

-- unique: zone_id
-- not_null: zone_id, company_id, platform, status
-- assert: offline_since is null or platform = 'soundtrack'
-- relation: company_id -> marts.companies.company_id | warning: a row that the CRM deleted before our first load is not here

select
    zone_id,
    company_id,
    name,
    platform,
    status,
    last_seen_online,
    case when platform = 'soundtrack' and status = 'offline' then last_seen_online end as offline_since,
    is_orphaned,
    created_at,
    updated_at,
    is_deleted
from staging.crm__zones
