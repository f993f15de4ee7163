-- question: What was decided in the last $days days, by outcome?
select
    outcome,
    count(*) as contacts
from marts.decisions
where decided_at > now() - to_days($days::integer)
group by outcome
order by contacts desc
