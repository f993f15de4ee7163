-- question: Who is behind an outcome, and why?
-- The newest are found by two columns; the others are read for these alone.
with newest as (
    select rowid as place
    from marts.decisions
    where
        campaign_id = $campaign_id
        and ($run_id = '' or run_id = $run_id)
        and ($outcome = '' or outcome = $outcome)
    order by decided_at desc, contact_id
    limit 5000
)

select
    decision.outcome,
    contact.name as contact,
    company.name as company,
    decision.step,
    decision.channel,
    decision.reason,
    decision.decided_at
from newest
inner join marts.decisions as decision on decision.rowid = newest.place
left join marts.contacts as contact on contact.contact_id = decision.contact_id
left join marts.companies as company on company.company_id = decision.company_id
order by decision.decided_at desc, company.name
