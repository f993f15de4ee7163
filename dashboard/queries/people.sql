-- question: Who is behind an outcome, and why?
select
    decision.outcome,
    contact.name as contact,
    company.name as company,
    decision.step,
    decision.channel,
    decision.reason,
    decision.decided_at
from marts.decisions as decision
left join marts.contacts as contact on contact.contact_id = decision.contact_id
left join marts.companies as company on company.company_id = decision.company_id
where
    decision.campaign_id = $campaign_id
    and ($run_id = '' or decision.run_id = $run_id)
    and ($outcome = '' or decision.outcome = $outcome)
order by decision.decided_at desc, company.name
limit 5000
