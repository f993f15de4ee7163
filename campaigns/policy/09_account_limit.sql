-- outcome: account_limit
-- One company is addressed once: by role, the main contact first, about what it was not yet written about.
select
    * exclude (place),
    'the company is addressed through contact ' || first_contact_id || ' about ' || first_subject_id as why
from (
    select
        *,
        row_number() over company as place,
        first_value(contact_id) over company as first_contact_id,
        first_value(subject_id) over company as first_subject_id
    from undecided
    window company as (
        partition by company_id order by is_sent_before, role_rank, is_primary desc, contact_id, subject_id
    )
)
where place > 1
