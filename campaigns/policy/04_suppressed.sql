-- outcome: suppressed
-- The person or the address opted out with us, blocked us, complained or bounced.
-- Asked twice, by address and by person: one join with "or" compares everybody with every suppression.
with standing as (
    select
        address,
        contact_id,
        channel,
        reason || ' (' || source || ')' as why
    from raw.journal__suppressions
    where lifted_at is null and purpose in ('all', $purpose)
),

found as (
    select
        undecided.row_id,
        standing.why
    from undecided
    inner join standing on standing.address = undecided.address
    where standing.channel in ('all', undecided.channel)
    union all
    select
        undecided.row_id,
        standing.why
    from undecided
    inner join standing on standing.contact_id = undecided.contact_id and standing.address is null
    where standing.channel in ('all', undecided.channel)
)

select
    row_id,
    min(why) as why
from found
group by row_id
