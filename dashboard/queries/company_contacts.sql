-- question: Which contacts does one company have?
select
    name,
    contact_type,
    email,
    mobile,
    line_user_id,
    language,
    preferred_channel,
    is_active,
    is_unsubscribed
from marts.contacts
where company_id = $company_id and not is_deleted
order by 1
