-- question: What was decided between two days, by outcome?
-- metrics: contacts = decided | by outcome
select
    outcome,
    sum(contacts)::bigint as contacts
from marts.daily_outcomes
where metric_date between $first::date and $last::date
group by outcome
order by contacts desc
