-- description: What a message about an unsigned contract may say, by contact and contract.
select
    verdict.contact_id,
    verdict.subject_id,
    verdict.contact_name,
    verdict.company_name,
    contract.contract_number,
    contract.sent_date::varchar as sent_date,
    contract.start_date::varchar as start_date
from verdicts as verdict
inner join marts.contracts as contract on contract.contract_id = verdict.subject_id
where verdict.outcome = 'send'
