-- description: The one person a transactional message is for, as campaigns/audience.sql wants members.
create or replace temp table members as
select
    contact_id,
    company_id,
    $subject_type as subject_type,
    coalesce($subject_id, contact_id) as subject_id,
    $step as step,
    'asked for by the API' as reason
from marts.contacts
where contact_id = $contact_id
