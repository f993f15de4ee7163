-- description: One row per thing in the CRM that may count as a campaign's success, whoever was written to: conversion_goals
-- description: says what each is. Answers are in _answers.
-- depends: marts.contracts, marts.crm_history, marts.invoices, marts.opportunities, marts.quotes

-- column: conversion     | What success is, in one word.
-- column: conversion_id  | What happened: the new contract, the invoice, the quote, the opportunity, a row's change and when.
-- column: about_id       | The contract, invoice, zone, quote or opportunity; of goals that are of a company, the company.
-- column: converted_at   | When it happened, UTC; null where the CRM keeps the day alone.
-- column: converted_date | Day on which it happened, in Bangkok.
-- column: amount         | What it is worth, in currency; null where nothing says so.
-- column: currency       | ISO 4217 code of the amount.

-- unique: conversion, conversion_id
-- not_null: conversion, conversion_id, about_id, converted_date
-- unrelated: conversion_id | a contract, invoice, quote, opportunity or change: conversion says which
-- unrelated: about_id | a contract, invoice, zone, quote, opportunity or company: conversion says which

with became as (
    select
        entity,
        entity_id,
        entity_id || ' ' || epoch_us(valid_from) as change_id,
        valid_from as seen_at
    from marts.crm_history
    where
        field = 'status'
        and ((entity = 'zones' and new_value = 'online') or (entity = 'contracts' and new_value = 'Active'))
),

happened as (
    select
        'renewed' as conversion,
        contract_id as conversion_id,
        renewed_from_contract_id as about_id,
        created_at as converted_at,
        null::date as converted_date,
        value as amount,
        currency
    from marts.contracts
    where renewed_from_contract_id is not null and status <> 'Cancelled' and not is_deleted
    union all
    select
        'came_back' as conversion,
        contract_id as conversion_id,
        company_id as about_id,
        created_at as converted_at,
        null::date as converted_date,
        value as amount,
        currency
    from marts.contracts
    where status in ('Active', 'Renewed', 'Expired') and not is_deleted
    union all
    select
        'contract_signed' as conversion,
        became.change_id as conversion_id,
        contract.contract_id as about_id,
        became.seen_at as converted_at,
        null::date as converted_date,
        contract.value as amount,
        contract.currency
    from became
    inner join marts.contracts as contract on contract.contract_id = became.entity_id
    where became.entity = 'contracts' and not contract.is_deleted
    union all
    select
        'back_online' as conversion,
        change_id as conversion_id,
        entity_id as about_id,
        seen_at as converted_at,
        null::date as converted_date,
        null::decimal(14, 2) as amount,
        null::varchar as currency
    from became
    where entity = 'zones'
    union all
    select
        'paid' as conversion,
        invoice_id as conversion_id,
        invoice_id as about_id,
        null::timestamptz as converted_at,
        paid_date as converted_date,
        total_amount as amount,
        currency
    from marts.invoices
    where paid_date is not null and not is_deleted
    union all
    select
        'quote_accepted' as conversion,
        quote_id as conversion_id,
        quote_id as about_id,
        null::timestamptz as converted_at,
        accepted_date as converted_date,
        total_value as amount,
        currency
    from marts.quotes
    where accepted_date is not null and status = 'Accepted' and not is_deleted
    union all
    select
        'deal_won' as conversion,
        opportunity_id as conversion_id,
        opportunity_id as about_id,
        coalesce(stage_changed_at, updated_at) as converted_at,
        null::date as converted_date,
        null::decimal(14, 2) as amount,
        null::varchar as currency
    from marts.opportunities
    where stage = 'Won' and not is_deleted
)

select
    conversion,
    conversion_id,
    about_id,
    converted_at,
    coalesce(converted_date, (converted_at at time zone 'Asia/Bangkok')::date) as converted_date,
    amount,
    currency
from happened
