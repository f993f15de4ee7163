-- segment: renewal_due
-- name: Contract ends within 30 days
-- name_th: สัญญาจะหมดอายุภายใน 30 วัน
-- version: 1
-- A window with catch-up, not an exact day: the step is the smallest of 30, 14, 7 and 2 days that is reached.
-- Never a contract that another one follows, that must not be reminded of, or that ended before it began.

select
    contract.company_id,
    'contract' as subject_type,
    contract.contract_id as subject_id,
    case
        when days_left <= 2 then 'renewal_2'
        when days_left <= 7 then 'renewal_7'
        when days_left <= 14 then 'renewal_14'
        else 'renewal_30'
    end as step,
    'contract ' || contract.contract_number || ' ends on ' || contract.end_date || ', in ' || days_left
    || ' days; no successor' as reason
from (
    select
        *,
        end_date - (getvariable('now') at time zone 'Asia/Bangkok')::date as days_left
    from marts.contracts
) as contract
where
    contract.status = 'Active'
    and not contract.is_deleted
    and not contract.has_successor
    and contract.send_renewal_reminders
    and contract.contract_type <> 'One-time'
    and contract.end_date >= contract.start_date
    and days_left between 0 and 30
