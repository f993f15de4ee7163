-- question: Who is in a segment now, and why, after a given contact and subject?
select
    contact_id,
    company_id,
    subject_type,
    subject_id,
    valid_from,
    definition_version,
    reason,
    coalesce(subject_id, '') as subject_key
from marts.segment_memberships
where
    segment_id = $segment_id
    and valid_to is null
    and (contact_id, coalesce(subject_id, '')) > ($contact_id, $subject_id)
order by contact_id, subject_key
limit $rows
