-- description: What a payment message may say, by contact and invoice. One invoice, one currency: nothing is added up.
select
    verdict.contact_id,
    verdict.subject_id,
    verdict.contact_name,
    verdict.company_name,
    invoice.invoice_number,
    invoice.due_date::varchar as due_date,
    (getvariable('now') at time zone 'Asia/Bangkok')::date - invoice.due_date as days_late,
    invoice.total_amount::varchar as amount,
    invoice.currency
from verdicts as verdict
inner join marts.invoices as invoice on invoice.invoice_id = verdict.subject_id
where verdict.outcome = 'send'
