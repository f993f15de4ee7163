-- description: One row per company, campaign and subject that was treated or held out, at its first such decision, with what came of it.
-- depends: raw.campaigns__decisions, staging.journal__campaigns, marts.conversion_goals, marts._conversions, marts._answers, marts.contacts

-- column: campaign_id  | Campaign.
-- column: company_id   | CRM company: the unit of assignment and of analysis.
-- column: subject_type | What it is about: contact, company, contract, invoice, quote, zone, ticket or opportunity.
-- column: subject_id   | Which one.
-- column: run_id       | The run of the first decision.
-- column: channel      | Channel of the first decision.
-- column: variant      | Arm of the experiment at the first decision: holdout, or the text's variant.
-- column: arm          | treated or holdout.
-- column: decided_at   | When it was first decided, UTC.
-- column: conversion   | What success is, in one word.
-- column: is_converted | Whether it happened within the days that the campaign gives it; null where there is no conversion.
-- column: amount       | What the first one within the days is worth; null without one, or where nothing says what.
-- column: currency     | ISO 4217 code of the amount.

-- unique: campaign_id, company_id, subject_id
-- not_null: campaign_id, company_id, subject_id
-- accepted: arm | treated, holdout
-- accepted: channel | email, whatsapp, line, sms, messenger, instagram, x
-- relation: company_id -> marts.companies.company_id | warning: whom the CRM deleted is not here after a rebuild from it
-- relation: run_id -> staging.journal__campaign_runs.run_id | warning: the store's newest rows come with its next load
-- relation: campaign_id -> staging.journal__campaigns.campaign_id | warning: the store's newest rows come with its next load
-- accepted: conversion | renewed, paid, back_online, quote_accepted, contract_signed, deal_won, came_back, replied, none
-- unrelated: subject_id | a contract, invoice or zone: subject_type says which

with first_decisions as (
    select
        campaign_id,
        company_id,
        subject_type,
        subject_id,
        arg_min(run_id, decided_at) as run_id,
        arg_min(channel, decided_at) as channel,
        coalesce(arg_min(variant, decided_at), 'a') as variant,
        case when arg_min(outcome, decided_at) = 'holdout' then 'holdout' else 'treated' end as arm,
        min(decided_at) as decided_at
    from raw.campaigns__decisions
    where outcome in ('send', 'holdout')
    group by campaign_id, company_id, subject_type, subject_id
),

-- A campaign's newest definition counts, for all of its runs.
aimed as (
    select
        decision.*,
        coalesce(campaign.definition ->> '$.conversion', usual.conversion, 'none') as conversion,
        (campaign.definition ->> '$.conversion_days')::integer as own_days
    from first_decisions as decision
    left join staging.journal__campaigns as campaign on campaign.campaign_id = decision.campaign_id
    left join marts.conversion_goals as usual on usual.subject_type = decision.subject_type
),

answers as (
    select
        person.company_id,
        said.occurred_at
    from marts._answers as said
    inner join marts.contacts as person on person.contact_id = said.contact_id
    semi join aimed on aimed.conversion = 'replied' and aimed.company_id = person.company_id
    anti join marts._answers as goodbye
        on
            goodbye.event_type = 'unsubscribed'
            and goodbye.contact_id = said.contact_id
            and goodbye.occurred_at = said.occurred_at
    where said.event_type = 'replied'
),

happened as (
    select
        conversion,
        about_id,
        converted_at,
        converted_date,
        amount,
        currency
    from marts._conversions
    union all
    select
        'replied' as conversion,
        company_id as about_id,
        occurred_at as converted_at,
        (occurred_at at time zone 'Asia/Bangkok')::date as converted_date,
        null::decimal(14, 2) as amount,
        null::varchar as currency
    from answers
),

-- What the CRM keeps by the day counts from the day of the decision on.
converted as (
    select
        aimed.campaign_id,
        aimed.company_id,
        aimed.subject_id,
        min(happened.converted_date) as converted_date,
        arg_min_null(happened.amount, happened.converted_date) as amount,
        arg_min_null(happened.currency, happened.converted_date) as currency
    from aimed
    inner join marts.conversion_goals as goal on goal.conversion = aimed.conversion
    inner join happened
        on
            happened.conversion = aimed.conversion
            and happened.about_id = case when goal.is_of_company then aimed.company_id else aimed.subject_id end
    where
        case
            when happened.converted_at is null
                then
                    happened.converted_date between (aimed.decided_at at time zone 'Asia/Bangkok')::date
                    and (aimed.decided_at at time zone 'Asia/Bangkok')::date + coalesce(aimed.own_days, goal.days)
            else
                happened.converted_at between aimed.decided_at
                and aimed.decided_at + to_days(coalesce(aimed.own_days, goal.days))
        end
    group by aimed.campaign_id, aimed.company_id, aimed.subject_id
)

select
    aimed.* exclude (own_days),
    case when aimed.conversion <> 'none' then converted.converted_date is not null end as is_converted,
    converted.amount,
    converted.currency
from aimed
left join converted using (campaign_id, company_id, subject_id)
