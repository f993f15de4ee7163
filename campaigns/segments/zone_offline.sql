-- segment: zone_offline
-- name: Soundtrack zone offline for 4 hours or more
-- name_th: โซน Soundtrack ออฟไลน์ตั้งแต่ 4 ชั่วโมง
-- version: 2
-- Soundtrack only (Beat Breeze has no live status), while the company wants to hear of it; first after 4 hours, then
-- again every 24 hours, for two weeks at most.

select
    zone.company_id,
    'zone' as subject_type,
    zone.zone_id as subject_id,
    case
        when hours_off < 24 then 'offline_4h'
        else 'offline_24h_' || (hours_off // 24)::integer
    end || '@' || strftime(zone.offline_since, '%m%d%H') as step,
    'zone ' || coalesce(zone.name, 'without a name') || ' is offline for ' || hours_off::integer || ' hours' as reason
from (
    select
        *,
        date_sub('hour', offline_since, getvariable('now')) as hours_off
    from marts.zones
    where offline_since is not null and not is_orphaned and not is_deleted
) as zone
inner join marts.companies as company on company.company_id = zone.company_id
where company.soundtrack_offline_alerts_enabled and hours_off between 4 and 336
