-- question: Which tickets does one company have?
select
    ticket_number,
    subject,
    status,
    priority,
    category,
    created_at,
    resolved_at
from marts.tickets
where company_id = $company_id and not is_deleted
order by created_at desc
