-- outcome: duplicate_address
-- Another contact of this run has the same address: it is written to once.
select *, 'the address also belongs to contact ' || first_contact_id as why
from (
    select
        *,
        min(contact_id) over (partition by channel, address) as first_contact_id
    from undecided
)
where contact_id <> first_contact_id
