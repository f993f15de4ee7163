-- description: What an offline alert may say, by contact and zone; it names every zone of the company that is offline.
select
    verdict.contact_id,
    verdict.subject_id,
    verdict.contact_name,
    verdict.company_name,
    zone.name as zone_name,
    list(other.name order by other.name) as offline_zones,
    count(*) as offline_zone_count,
    date_sub('hour', zone.offline_since, getvariable('now')) as hours_offline
from verdicts as verdict
inner join marts.zones as zone on zone.zone_id = verdict.subject_id
inner join marts.zones as other
    on other.company_id = verdict.company_id and other.offline_since is not null and not other.is_deleted
where verdict.outcome = 'send'
group by all
