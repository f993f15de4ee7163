-- description: What a message to a former customer may say, by contact and contract.
select
    verdict.contact_id,
    verdict.subject_id,
    verdict.contact_name,
    verdict.company_name,
    contract.end_date::varchar as end_date
from verdicts as verdict
inner join marts.contracts as contract on contract.contract_id = verdict.subject_id
where verdict.outcome = 'send'
