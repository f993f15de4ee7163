-- question: Which zones does one company have?
select
    name,
    platform,
    status,
    last_seen_online
from marts.zones
where company_id = $company_id and not is_deleted
order by 1
