-- features: What was known of each company with a contract in force, as of each of $moments. Nothing younger is read.
-- One row per as_of and company_id. A contract ends soon where none follows it yet. Counts are logarithms of one more: the first late invoice says more than the tenth.
with moments as (
    select
        moment as as_of,
        (moment at time zone 'Asia/Bangkok')::date as today
    from unnest($moments::timestamptz[]) as given (moment)
),

-- A follower counts from the day it was made, signed or not: on that day nobody knew which it would be.
terms as (
    select
        moments.as_of,
        moments.today,
        term.*,
        coalesce(term.follower_at <= moments.as_of, false) as is_followed,
        term.start_date <= moments.today
        and term.end_date >= moments.today
        and coalesce(term.cancelled_at > moments.as_of, true) as is_in_force
    from moments
    inner join marts._contract_terms as term on term.known_at <= moments.as_of
),

sized as (
    select
        *,
        ln(greatest(annual_value, 1)::double)
        - median(ln(greatest(annual_value, 1)::double)) over (partition by as_of, currency) as relative_size
    from terms
),

held as (
    select
        as_of,
        any_value(today) as today,
        company_id,
        max(end_date) filter (is_in_force) as last_day,
        arg_max(is_followed, end_date) filter (is_in_force) as has_follower,
        arg_max(end_date - start_date, end_date) filter (is_in_force) as term_days,
        max(relative_size) filter (is_in_force) as relative_size,
        count(*) filter (not is_in_force and end_date < today) as earlier_contracts,
        min(start_date) as first_day
    from sized
    group by as_of, company_id
    having bool_or(is_in_force)
),

late as (
    select
        moments.as_of,
        invoice.company_id,
        count(*) as late_invoices
    from moments
    inner join marts.invoices as invoice
        on invoice.created_at <= moments.as_of and invoice.due_date between moments.today - 379 and moments.today - 15
    where
        not invoice.is_deleted
        and invoice.status in ('Sent', 'Overdue', 'Paid')
        and coalesce(invoice.paid_date > invoice.due_date + 14, true)
    group by all
),

asked as (
    select
        moments.as_of,
        ticket.company_id,
        count(*) as tickets
    from moments
    inner join marts.tickets as ticket on ticket.created_at between moments.as_of - interval 180 days and moments.as_of
    where not ticket.is_deleted
    group by all
),

reacted as (
    select
        moments.as_of,
        contact.company_id,
        count(distinct event.message_id) as reactions
    from moments
    inner join marts.message_events as event
        on
            event.received_at <= moments.as_of
            and event.occurred_at between moments.as_of - interval 180 days and moments.as_of
    inner join marts.contacts as contact on contact.contact_id = event.contact_id
    where event.actor = 'human' and event.event_type in ('opened', 'read', 'clicked', 'replied')
    group by all
)

select
    held.as_of,
    held.company_id,
    (not held.has_follower and held.last_day <= held.today + $horizon::integer)::double as ends_soon,
    (not held.has_follower)::double * greatest(1 - (held.last_day - held.today) / $horizon::double, 0) as urgency,
    held.has_follower::double as follower,
    ln(1 + held.earlier_contracts) as renewals,
    ln(1 + (held.today - held.first_day) / 365) as tenure,
    (held.term_days > 400)::double as multi_year,
    held.relative_size as size,
    ln(1 + coalesce(late.late_invoices, 0)) as late_invoices,
    ln(1 + coalesce(asked.tickets, 0)) as tickets,
    ln(1 + coalesce(reacted.reactions, 0)) as reactions
from held
left join late on late.as_of = held.as_of and late.company_id = held.company_id
left join asked on asked.as_of = held.as_of and asked.company_id = held.company_id
left join reacted on reacted.as_of = held.as_of and reacted.company_id = held.company_id
order by held.as_of, held.company_id
