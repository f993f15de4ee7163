-- outcome: suppressed
-- The person or the address opted out with us, blocked us, complained or bounced.
select
    undecided.*,
    any_value(suppression.reason || ' (' || suppression.source || ')') as why
from undecided
inner join raw.journal__suppressions as suppression
    on
        suppression.lifted_at is null
        and suppression.purpose in ('all', $purpose)
        and suppression.channel in ('all', undecided.channel)
        and (
            suppression.address = undecided.address
            or (suppression.address is null and suppression.contact_id = undecided.contact_id)
        )
group by all
