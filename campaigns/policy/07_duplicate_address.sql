-- outcome: duplicate_address
-- Another contact of this run has the same address: it is written to once.
-- Few addresses are there twice: hashes, which are cheap to count, leave only those to be compared.
with repeated as (
    select hash(channel, address) as address_hash
    from undecided
    group by address_hash
    having count(*) > 1
),

compared as (
    select
        row_id,
        contact_id,
        min(contact_id) over (partition by channel, address) as first_contact_id
    from undecided
    semi join repeated on repeated.address_hash = hash(undecided.channel, undecided.address)
)

select
    row_id,
    'the address also belongs to contact ' || first_contact_id as why
from compared
where contact_id <> first_contact_id
