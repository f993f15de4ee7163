-- question: What was decided between two days, by outcome?
select
    outcome,
    count(*) as contacts
from marts.decisions
where (decided_at at time zone 'Asia/Bangkok')::date between $first::date and $last::date
group by outcome
order by contacts desc
