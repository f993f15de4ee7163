-- segment: contract_unsigned
-- name: Contract sent and not signed for 5 days or more
-- name_th: สัญญาที่ส่งแล้วแต่ยังไม่ได้ลงนามตั้งแต่ 5 วัน
-- version: 1
-- Sent 5 to 60 days ago and still not active; the step is the higher of 5 and 10 days that is reached.

select
    contract.company_id,
    'contract' as subject_type,
    contract.contract_id as subject_id,
    case when days_waiting >= 10 then 'contract_10' else 'contract_5' end as step,
    'contract ' || contract.contract_number || ' was sent on ' || contract.sent_date || ', ' || days_waiting
    || ' days ago; not signed' as reason
from (
    select
        *,
        (getvariable('now') at time zone 'Asia/Bangkok')::date - sent_date as days_waiting
    from marts.contracts
) as contract
where
    contract.status = 'Sent'
    and not contract.is_deleted
    and not contract.has_successor
    and days_waiting between 5 and 60
