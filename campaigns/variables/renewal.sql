-- description: What a renewal message may say, by contact and contract.
select
    verdict.contact_id,
    verdict.subject_id,
    verdict.contact_name,
    verdict.company_name,
    contract.contract_number,
    contract.end_date::varchar as end_date,
    contract.end_date - (getvariable('now') at time zone 'Asia/Bangkok')::date as days_left,
    contract.value::varchar as amount,
    contract.currency,
    company.zone_count
from verdicts as verdict
inner join marts.contracts as contract on contract.contract_id = verdict.subject_id
inner join marts.companies as company on company.company_id = verdict.company_id
where verdict.outcome = 'send'
