-- segment: stale_deal
-- name: Deal unchanged for 14 days or more
-- name_th: ดีลที่ไม่มีความเคลื่อนไหวตั้งแต่ 14 วัน
-- version: 1
-- Contacted or quoted and in that stage for 14 to 45 days; the step is the highest of 14, 17 and 21 days that is reached.
-- Not while a quote of the company waits for its answer: the follow-up of the quote says the same.

select
    opportunity.company_id,
    'opportunity' as subject_type,
    opportunity.opportunity_id as subject_id,
    case
        when days_still >= 21 then 'stale_21'
        when days_still >= 17 then 'stale_17'
        else 'stale_14'
    end as step,
    'the deal is in stage ' || opportunity.stage || ' for ' || days_still || ' days' as reason
from (
    select
        *,
        date_sub('day', coalesce(stage_changed_at, created_at), getvariable('now')) as days_still
    from marts.opportunities
) as opportunity
where
    opportunity.stage in ('Contacted', 'Quotation Sent')
    and opportunity.is_active
    and not opportunity.is_deleted
    and days_still between 14 and 45
    and not exists (
        select 1
        from marts.quotes as quote
        where
            quote.company_id = opportunity.company_id
            and quote.status = 'Sent'
            and not quote.is_deleted
            and quote.valid_until >= (getvariable('now') at time zone 'Asia/Bangkok')::date
    )
