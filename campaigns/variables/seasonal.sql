-- description: What a seasonal message may say, by contact and company: no day, since some follow the moon.
select
    contact_id,
    subject_id,
    contact_name,
    company_name
from verdicts
where outcome = 'send'
