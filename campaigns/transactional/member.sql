-- description: The one person a transactional message is for, as campaigns/audience.sql wants members.
create or replace temp table members as
select
    contact_id,
    company_id,
    $about_type as subject_type,
    coalesce($about_id, contact_id) as subject_id,
    $which_step as step,
    'asked for by the API' as reason
from marts.contacts
where contact_id = $contact_id
