-- segment: renewal_multi_year
-- name: Contract of two years or more ends within 90 days
-- name_th: สัญญาตั้งแต่สองปีขึ้นไปจะหมดอายุภายใน 90 วัน
-- version: 1
-- Who signed for years has forgotten the day: one notice, 61 to 90 days before it and so a month clear of the reminders,
-- asks whether they are wanted at all. A contract that is opted out of reminders gets none of this either.

select
    contract.company_id,
    'contract' as subject_type,
    contract.contract_id as subject_id,
    'multi_year_notice' as step,
    'contract ' || contract.contract_number || ' of ' || date_diff('month', contract.start_date, contract.end_date + 1)
    || ' months ends on ' || contract.end_date || ', in ' || days_left || ' days; no successor' as reason
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
    and contract.end_date >= contract.start_date + interval 23 months
    and days_left between 61 and 90
