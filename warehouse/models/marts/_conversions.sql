-- description: One row per thing that may count as a campaign's success, whoever was written to: conversion_goals says what each is.
-- depends: marts.contacts, marts.contracts, marts.crm_history, marts.invoices, marts.message_events, marts.opportunities, marts.quotes

-- column: conversion     | What success is, in one word.
-- column: about_id       | The contract, invoice, zone, quote or opportunity; of goals that are of a company, the company.
-- column: converted_at   | When it happened, UTC; null where the CRM keeps the day alone.
-- column: converted_date | Day on which it happened, in Bangkok.
-- column: amount         | What it is worth, in currency; null where nothing says so.
-- column: currency       | ISO 4217 code of the amount.

-- not_null: conversion, about_id, converted_date
-- unrelated: about_id | a contract, invoice, zone, quote, opportunity or company: conversion says which

with became as (
    select
        entity,
        entity_id,
        valid_from as seen_at
    from marts.crm_history
    where
        field = 'status'
        and ((entity = 'zones' and new_value = 'online') or (entity = 'contracts' and new_value = 'Active'))
),

answers as (
    select
        person.company_id,
        event.occurred_at
    from marts.message_events as event
    inner join marts.contacts as person on person.contact_id = event.contact_id
    anti join marts.message_events as goodbye
        on
            goodbye.event_type = 'unsubscribed'
            and goodbye.contact_id = event.contact_id
            and goodbye.occurred_at = event.occurred_at
    where event.event_type = 'replied' and event.actor <> 'machine'
),

happened as (
    select
        'renewed' as conversion,
        renewed_from_contract_id as about_id,
        created_at as converted_at,
        null::date as converted_date,
        value as amount,
        currency
    from marts.contracts
    where renewed_from_contract_id is not null and status <> 'Cancelled' and not is_deleted
    union all by name
    select
        'came_back' as conversion,
        company_id as about_id,
        created_at as converted_at,
        value as amount,
        currency
    from marts.contracts
    where status in ('Active', 'Renewed', 'Expired') and not is_deleted
    union all by name
    select
        'contract_signed' as conversion,
        contract.contract_id as about_id,
        became.seen_at as converted_at,
        contract.value as amount,
        contract.currency
    from became
    inner join marts.contracts as contract on contract.contract_id = became.entity_id
    where became.entity = 'contracts' and not contract.is_deleted
    union all by name
    select
        'back_online' as conversion,
        entity_id as about_id,
        seen_at as converted_at
    from became
    where entity = 'zones'
    union all by name
    select
        'paid' as conversion,
        invoice_id as about_id,
        paid_date as converted_date,
        total_amount as amount,
        currency
    from marts.invoices
    where paid_date is not null and not is_deleted
    union all by name
    select
        'quote_accepted' as conversion,
        quote_id as about_id,
        accepted_date as converted_date,
        total_value as amount,
        currency
    from marts.quotes
    where accepted_date is not null and status = 'Accepted' and not is_deleted
    union all by name
    select
        'deal_won' as conversion,
        opportunity_id as about_id,
        coalesce(stage_changed_at, updated_at) as converted_at
    from marts.opportunities
    where stage = 'Won' and not is_deleted
    union all by name
    select
        'replied' as conversion,
        company_id as about_id,
        occurred_at as converted_at
    from answers
)

select
    conversion,
    about_id,
    converted_at,
    coalesce(converted_date, (converted_at at time zone 'Asia/Bangkok')::date) as converted_date,
    amount,
    currency
from happened
