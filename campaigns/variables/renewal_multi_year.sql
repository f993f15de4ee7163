-- description: What the notice about a contract of several years may say, by contact and contract.
select
    verdict.contact_id,
    verdict.subject_id,
    verdict.contact_name,
    verdict.company_name,
    contract.contract_number,
    contract.start_date::varchar as start_date,
    contract.end_date::varchar as end_date
from verdicts as verdict
inner join marts.contracts as contract on contract.contract_id = verdict.subject_id
where verdict.outcome = 'send'
