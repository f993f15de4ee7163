-- description: What a message about a deal may say, by contact and opportunity: not its name, which is our staff's.
select
    contact_id,
    subject_id,
    contact_name,
    company_name
from verdicts
where outcome = 'send'
