-- description: The temporary table `stopped`: members whose further steps are not to come, with the reason.
-- Parameters: $campaign_id, $stop_when (replied, paid, renewed). Who opted out is stopped by the policy's own rules.

create or replace temp table stopped as
with written as (
    select
        company_id,
        subject_id,
        min(planned_at) as first_planned_at
    from marts.messages
    where
        campaign_id = $campaign_id
        and list_contains($stop_when::varchar[], 'replied')
        and status not in ('cancelled', 'expired', 'suppressed')
    group by all
),

answers as (
    select
        written.subject_id,
        written.company_id,
        min(event.occurred_at) as replied_at
    from written
    inner join marts.contacts as contact on contact.company_id = written.company_id
    inner join marts.message_events as event on event.contact_id = contact.contact_id
    where
        event.event_type = 'replied'
        and event.occurred_at > written.first_planned_at
        and event.occurred_at <= getvariable('now')
    group by all
)

select
    answers.company_id,
    answers.subject_id,
    'the company replied on ' || strftime(answers.replied_at at time zone 'Asia/Bangkok', '%Y-%m-%d %H:%M') as why
from answers
union all by name
select
    company_id,
    invoice_id as subject_id,
    'invoice ' || invoice_number || ' is paid, or no longer open' as why
from marts.invoices
where not is_open and list_contains($stop_when::varchar[], 'paid')
union all by name
select
    company_id,
    contract_id as subject_id,
    'contract ' || contract_number || ' is renewed' as why
from marts.contracts
where has_successor and list_contains($stop_when::varchar[], 'renewed')
