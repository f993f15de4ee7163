-- description: What a message about a quote may say, by contact and quote. One quote, one currency: nothing is added up.
select
    verdict.contact_id,
    verdict.subject_id,
    verdict.contact_name,
    verdict.company_name,
    quote.quote_number,
    quote.sent_date::varchar as sent_date,
    quote.valid_until::varchar as valid_until,
    quote.total_value::varchar as amount,
    quote.currency
from verdicts as verdict
inner join marts.quotes as quote on quote.quote_id = verdict.subject_id
where verdict.outcome = 'send'
