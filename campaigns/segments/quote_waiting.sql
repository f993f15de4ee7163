-- segment: quote_waiting
-- name: Quote without an answer for 3 days or more
-- name_th: ใบเสนอราคาที่ยังไม่ได้รับคำตอบตั้งแต่ 3 วัน
-- version: 1
-- Sent 3 to 30 days ago, still valid, and neither answered nor decided; the step is the higher of 3 and 7 days that is
-- reached. It is asked of whom it was made for, where the person may be written to, else of the company.

select
    quote.company_id,
    addressee.contact_id,
    'quote' as subject_type,
    quote.quote_id as subject_id,
    case when days_waiting >= 7 then 'quote_7' else 'quote_3' end as step,
    'quote ' || quote.quote_number || ' was sent on ' || quote.sent_date || ', ' || days_waiting
    || ' days ago; no answer' as reason
from (
    select
        *,
        (getvariable('now') at time zone 'Asia/Bangkok')::date as today,
        today - sent_date as days_waiting
    from marts.quotes
) as quote
left join marts.contacts as addressee
    on addressee.contact_id = quote.contact_id and addressee.is_active and list_contains(addressee.consents, 'quote')
left join marts.opportunities as opportunity on opportunity.opportunity_id = quote.opportunity_id
where
    quote.status = 'Sent'
    and not quote.is_deleted
    and quote.valid_until >= today
    and days_waiting between 3 and 30
    and coalesce(opportunity.stage, 'Quotation Sent') not in ('Won', 'Lost')
