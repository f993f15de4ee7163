-- outcome: crm_hold
-- The company has an urgent ticket open: this is no moment to ask for something.
select
    undecided.*,
    'ticket ' || min(ticket.ticket_number) || ' is open and urgent' as why
from undecided
inner join marts.tickets as ticket
    on ticket.company_id = undecided.company_id and ticket.is_open and ticket.priority = 'urgent'
where $respects_crm_hold
group by all
