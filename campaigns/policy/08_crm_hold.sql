-- outcome: crm_hold
-- The company has an urgent ticket open: this is no moment to ask for something.
with urgent as (
    select
        company_id,
        min(ticket_number) as ticket_number
    from marts.tickets
    where is_open and priority = 'urgent' and $respects_crm_hold
    group by company_id
)

select
    undecided.row_id,
    'ticket ' || urgent.ticket_number || ' is open and urgent' as why
from undecided
inner join urgent on urgent.company_id = undecided.company_id
