-- description: What a quarterly check-in may say, by contact and company.
select
    verdict.contact_id,
    verdict.subject_id,
    verdict.contact_name,
    verdict.company_name,
    company.zone_count
from verdicts as verdict
inner join marts.companies as company on company.company_id = verdict.company_id
where verdict.outcome = 'send'
