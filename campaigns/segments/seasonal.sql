-- segment: seasonal
-- name: A holiday is near
-- name_th: ใกล้ถึงเทศกาล
-- version: 1
-- Customers in a country that keeps the holiday, while they want seasonal messages: from the day of marts.holidays on for
-- 30 days, but until three days before it, so that downtime loses nobody and nobody reads of it too late to do anything.
-- The step is the holiday and its season: one goes out once to a company.

select
    company.company_id,
    'company' as subject_type,
    company.company_id as subject_id,
    holiday.holiday || '_' || holiday.season as step,
    holiday.holiday || ' is on ' || holiday.holiday_date || ', kept in ' || coalesce(company.country, 'every country')
        as reason
from marts.holidays as holiday
inner join marts.companies as company
    on holiday.countries is null or list_contains(holiday.countries, company.country)
where
    (getvariable('now') at time zone 'Asia/Bangkok')::date
    between holiday.send_date and least(holiday.send_date + 30, holiday.holiday_date - 3)
    and company.is_active
    and not company.is_deleted
    and company.seasonal_emails_enabled
