-- segment: win_back
-- name: Former customers to win back
-- name_th: ลูกค้าเดิมที่อยากชวนกลับมา
-- version: 2
-- Companies whose last contract ended 30 days to a year ago, whatever the CRM calls its status; which owe nothing, have no
-- ticket of the last half year open, and with whom nobody is negotiating. It is about that last contract, so who comes
-- back and leaves again is asked again; the step is the higher of 30 and 180 days that is reached.

select
    contract.company_id,
    'contract' as subject_type,
    contract.contract_id as subject_id,
    case when days_gone >= 180 then 'win_back_180' else 'win_back_30' end as step,
    'the last contract, ' || contract.contract_number || ', ended on ' || contract.end_date || ', ' || days_gone
    || ' days ago' as reason
from (
    select
        *,
        (getvariable('now') at time zone 'Asia/Bangkok')::date - end_date as days_gone
    from marts.contracts
    where status in ('Draft', 'Sent', 'Active', 'Renewed', 'Expired') and not is_deleted
    qualify row_number() over (partition by company_id order by end_date desc nulls first, contract_id) = 1
) as contract
where
    contract.status in ('Active', 'Renewed', 'Expired')
    and days_gone between 30 and 365
    and not exists (
        select 1 from marts.invoices as invoice where invoice.company_id = contract.company_id and invoice.is_open
    )
    and not exists (
        select 1
        from marts.tickets as ticket
        where
            ticket.company_id = contract.company_id
            and ticket.is_open
            and ticket.created_at > getvariable('now') - interval 180 days
    )
    and not exists (
        select 1
        from marts.opportunities as opportunity
        where
            opportunity.company_id = contract.company_id
            and opportunity.stage in ('Contacted', 'Quotation Sent', 'Contract Sent')
            and opportunity.is_active
            and not opportunity.is_deleted
    )
