-- description: What any message may say, by contact and subject: who it is for, where, and how large the customer is.
select
    verdict.contact_id,
    verdict.subject_id,
    verdict.contact_name,
    verdict.company_name,
    company.country,
    company.city,
    company.zone_count
from verdicts as verdict
inner join marts.companies as company on company.company_id = verdict.company_id
where verdict.outcome = 'send'
