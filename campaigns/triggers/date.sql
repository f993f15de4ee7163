-- description: The temporary table `anchored`: members with the first moment of a day of their contract or invoice.

create or replace temp table anchored as
with days as (
    select
        contract_id as subject_id,
        case $field when 'start_date' then start_date when 'end_date' then end_date end as day
    from marts.contracts
    union all
    select
        invoice_id as subject_id,
        case $field when 'issue_date' then issue_date when 'due_date' then due_date end as day
    from marts.invoices
)

select
    member.*,
    days.day::timestamp at time zone $zone as anchored_at,
    null::varchar as occasion
from members as member
inner join days on days.subject_id = member.subject_id
where days.day is not null
