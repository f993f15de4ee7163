-- segment: payment_overdue
-- name: Invoice overdue by 7 days or more
-- name_th: ใบแจ้งหนี้ค้างชำระตั้งแต่ 7 วัน
-- version: 1
-- Unpaid and 7 to 90 days past due; the step is the highest of 7, 14 and 21 days that is reached.

select
    invoice.company_id,
    'invoice' as subject_type,
    invoice.invoice_id as subject_id,
    case
        when days_late >= 21 then 'payment_21'
        when days_late >= 14 then 'payment_14'
        else 'payment_7'
    end as step,
    'invoice ' || invoice.invoice_number || ' was due on ' || invoice.due_date || ', ' || days_late
    || ' days ago; not paid' as reason
from (
    select
        *,
        (getvariable('now') at time zone 'Asia/Bangkok')::date - due_date as days_late
    from marts.invoices
) as invoice
where invoice.is_open and days_late between 7 and 90
