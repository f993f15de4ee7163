-- description: What a question about a ticket may say, by contact and ticket.
select
    verdict.contact_id,
    verdict.subject_id,
    verdict.contact_name,
    verdict.company_name,
    ticket.ticket_number,
    ticket.subject as ticket_subject
from verdicts as verdict
inner join marts.tickets as ticket on ticket.ticket_id = verdict.subject_id
where verdict.outcome = 'send'
