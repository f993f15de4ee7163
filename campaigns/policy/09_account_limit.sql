-- outcome: account_limit
-- One company is addressed once: by role, the main contact first, about what it was not yet written about.
-- Only companies with several are put in order: hashes, which are cheap to count, find them.
with several as (
    select hash(company_id) as company_hash
    from undecided
    group by company_hash
    having count(*) > 1
),

ordered as (
    select
        row_id,
        row_number() over company as place,
        first_value(contact_id) over company as first_contact_id,
        first_value(subject_id) over company as first_subject_id
    from undecided
    semi join several on several.company_hash = hash(undecided.company_id)
    window company as (
        partition by company_id order by is_sent_before, role_rank, is_primary desc, contact_id, subject_id
    )
)

select
    row_id,
    'the company is addressed through contact ' || first_contact_id || ' about ' || first_subject_id as why
from ordered
where place > 1
