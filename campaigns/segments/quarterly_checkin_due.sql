-- segment: quarterly_checkin_due
-- name: Quarterly check-in is due
-- name_th: ถึงรอบสอบถามรายไตรมาส
-- version: 2
-- Customers whose first contract began a multiple of 90 days ago, or up to two weeks longer, so that downtime loses
-- nobody: the step is the number of that quarter, and each goes out once to a company. Never one without a zone: a
-- customer once read of "0 of 0 zones". Not while something urgent is open.

select
    company.company_id,
    'company' as subject_type,
    company.company_id as subject_id,
    'quarterly_' || days // 90 as step,
    'customer for ' || days || ' days, since ' || company.first_contract_at || '; ' || company.zone_count || ' zones'
        as reason
from (
    select
        *,
        (getvariable('now') at time zone 'Asia/Bangkok')::date - first_contract_at as days
    from marts.companies
) as company
where
    company.is_active
    and not company.is_deleted
    and company.zone_count > 0
    and days >= 90
    and days % 90 < 14
    and not exists (
        select 1
        from marts.tickets as ticket
        where ticket.company_id = company.company_id and ticket.is_open and ticket.priority in ('high', 'urgent')
    )
