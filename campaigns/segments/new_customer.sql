-- segment: new_customer
-- name: First contract began within 45 days
-- name_th: ลูกค้าใหม่ที่สัญญาแรกเริ่มไม่เกิน 45 วัน
-- version: 1
-- The step is what fits the day: the welcome in the first week, whether everything plays in weeks two to four, how it
-- pleases until day 44. Whom we come to late gets no welcome after the fact.

select
    company.company_id,
    'company' as subject_type,
    company.company_id as subject_id,
    case
        when days < 7 then 'welcome'
        when days < 30 then 'onboarding_7'
        else 'onboarding_30'
    end as step,
    'the first contract began on ' || company.first_contract_at || ', ' || days || ' days ago' as reason
from (
    select
        *,
        (getvariable('now') at time zone 'Asia/Bangkok')::date - first_contract_at as days
    from marts.companies
) as company
where company.is_active and not company.is_deleted and days between 0 and 44
