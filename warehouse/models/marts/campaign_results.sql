-- description: One row per run, variant and channel: the funnel, raw and human, and the lift over the holdout.
-- depends: marts.daily_run_metrics, marts.decisions, marts.messages, marts._treatments

-- column: run_id              | One occurrence of a campaign.
-- column: campaign_id         | Campaign.
-- column: variant             | Arm of the experiment, the holdout apart.
-- column: channel             | How people were, or would have been, reached; none when no address was found.
-- column: currency            | ISO 4217 code of the revenue; null without any, and when the run's conversions have two: never added.
-- column: decided_at          | When the run decided, UTC.
-- column: audience            | Contacts considered; who is held out counts with the run's first variant.
-- column: held_out            | Contacts held out, with the run's first variant.
-- column: sent                | Messages the provider took.
-- column: delivered           | Messages that arrived, where the channel says so.
-- column: opened_raw          | Messages opened or read by anybody, machines too.
-- column: opened_human        | Messages opened or read by a person.
-- column: clicked_raw         | Messages clicked by anybody, machines too.
-- column: clicked_human       | Messages clicked by a person.
-- column: replied             | Messages answered.
-- column: unsubscribed        | Messages after which the person opted out.
-- column: bounced             | Emails that came back.
-- column: failed              | Messages that failed, bounces included.
-- column: conversion          | What success is, in one word; null where nobody was treated or held out.
-- column: converted           | Treated companies of this run of which any subject converted; null where there is none to count.
-- column: converted_holdout   | Held-out companies of this run of which any subject converted; null where there is none to count.
-- column: lift                | Difference of the two conversion rates: this variant's, and that of all held out.
-- column: lift_low            | Lower end of Newcombe's 95 % interval.
-- column: lift_high           | Upper end of Newcombe's 95 % interval.
-- column: revenue             | Amounts of the treated subjects that converted, in currency.
-- column: incremental_revenue | Revenue less what the holdout's rate would have brought, in currency.
-- column: cost                | What providers ask for the messages, in cost_currency, of those whose price is known; null with two currencies.
-- column: cost_currency       | ISO 4217 code of the cost.
-- column: unpriced            | Messages the provider took of which nobody knows yet what they cost.

-- unique: run_id, variant, channel
-- not_null: run_id, variant, channel
-- accepted: channel | email, whatsapp, line, sms, messenger, instagram, x, none
-- assert: opened_human <= opened_raw
-- assert: clicked_human <= clicked_raw
-- assert: sent <= audience
-- relation: run_id -> staging.journal__campaign_runs.run_id | warning: the store's newest rows come with its next load
-- relation: campaign_id -> staging.journal__campaigns.campaign_id | warning: the store's newest rows come with its next load

with decided as (
    select
        run_id,
        campaign_id,
        case when outcome <> 'holdout' then coalesce(variant, 'a') end as variant,
        coalesce(channel, 'none') as channel,
        min(decided_at) as decided_at,
        count(*) as audience
    from marts.decisions
    group by all
),

first_variants as (
    select
        run_id,
        channel,
        coalesce(min(variant), 'a') as variant
    from decided
    group by all
),

considered as (
    select
        decided.run_id,
        decided.campaign_id,
        coalesce(decided.variant, first_variants.variant) as variant,
        decided.channel,
        min(decided.decided_at) as decided_at,
        sum(decided.audience)::bigint as audience,
        coalesce(sum(decided.audience) filter (decided.variant is null), 0)::bigint as held_out
    from decided
    inner join first_variants using (run_id, channel)
    group by all
),

funnel as (
    select
        run_id,
        variant,
        channel,
        sum(sent)::bigint as sent,
        sum(delivered)::bigint as delivered,
        sum(opened_raw)::bigint as opened_raw,
        sum(opened_human)::bigint as opened_human,
        sum(clicked_raw)::bigint as clicked_raw,
        sum(clicked_human)::bigint as clicked_human,
        sum(replied)::bigint as replied,
        sum(unsubscribed)::bigint as unsubscribed,
        sum(bounced)::bigint as bounced,
        case when coalesce(min(currency) = max(currency), true) then sum(cost) end as cost,
        case when coalesce(min(currency) = max(currency), true) then max(currency) end as cost_currency,
        sum(unpriced)::bigint as unpriced
    from marts.daily_run_metrics
    group by all
),

-- Failures count whether or not the provider took the message, and so have no day.
failures as (
    select
        run_id,
        coalesce(variant, 'a') as variant,
        channel,
        count(*) as failed
    from marts.messages
    where status = 'failed'
    group by all
),

company_outcomes as (
    select
        run_id,
        coalesce(channel, 'none') as channel,
        company_id,
        variant,
        arm,
        bool_or(is_converted) as is_converted
    from marts._treatments
    group by all
),

-- Each variant is compared with all that is held out.
kept as (
    select
        run_id,
        channel,
        count(*)::double as kept_back,
        count(*) filter (is_converted)::double as converted_holdout
    from company_outcomes
    where arm = 'holdout'
    group by all
),

treated_companies as (
    select
        run_id,
        channel,
        variant,
        count(*)::double as treated,
        count(*) filter (is_converted)::double as converted
    from company_outcomes
    where arm = 'treated'
    group by all
),

aims as (
    select
        run_id,
        coalesce(max(nullif(conversion, 'none')), 'none') as conversion
    from marts._treatments
    group by run_id
),

arms as (
    select
        run_id,
        channel,
        coalesce(treated_companies.variant, first_variants.variant) as variant,
        coalesce(treated, 0) as treated,
        coalesce(kept_back, 0) as kept_back,
        conversion,
        case when conversion <> 'none' then coalesce(converted, 0) end as converted,
        case when conversion <> 'none' then coalesce(converted_holdout, 0) end as converted_holdout
    from first_variants
    inner join aims using (run_id)
    left join treated_companies using (run_id, channel)
    left join kept using (run_id, channel)
    where treated is not null or kept_back is not null
),

currencies as (
    select
        run_id,
        coalesce(channel, 'none') as channel,
        max(currency) as currency,
        count(distinct currency) as currencies
    from marts._treatments
    group by all
),

money as (
    select
        run_id,
        coalesce(channel, 'none') as channel,
        variant,
        sum(amount) as revenue
    from marts._treatments
    where arm = 'treated'
    group by all
),

treatments as (
    select *
    from arms
    inner join currencies using (run_id, channel)
    left join money using (run_id, channel, variant)
)

select
    considered.run_id,
    considered.campaign_id,
    considered.variant,
    considered.channel,
    case when treatments.currencies = 1 then treatments.currency end as currency,
    considered.decided_at,
    considered.audience,
    considered.held_out,
    coalesce(funnel.sent, 0) as sent,
    coalesce(funnel.delivered, 0) as delivered,
    coalesce(funnel.opened_raw, 0) as opened_raw,
    coalesce(funnel.opened_human, 0) as opened_human,
    coalesce(funnel.clicked_raw, 0) as clicked_raw,
    coalesce(funnel.clicked_human, 0) as clicked_human,
    coalesce(funnel.replied, 0) as replied,
    coalesce(funnel.unsubscribed, 0) as unsubscribed,
    coalesce(funnel.bounced, 0) as bounced,
    coalesce(failures.failed, 0) as failed,
    treatments.conversion,
    treatments.converted::bigint as converted,
    treatments.converted_holdout::bigint as converted_holdout,
    case
        when treated > 0 and kept_back > 0
            then treatments.converted / treated - treatments.converted_holdout / kept_back
    end as lift,
    lift_low(treatments.converted, treated, treatments.converted_holdout, kept_back) as lift_low,
    lift_high(treatments.converted, treated, treatments.converted_holdout, kept_back) as lift_high,
    case when treatments.currencies = 1 then treatments.revenue end as revenue,
    case
        when treatments.currencies = 1 and treatments.converted > 0 and kept_back > 0
            then (
                treatments.revenue
                * (treatments.converted / treated - treatments.converted_holdout / kept_back)
                / (treatments.converted / treated)
            )::decimal(14, 2)
    end as incremental_revenue,
    funnel.cost::decimal(18, 6) as cost,
    funnel.cost_currency,
    coalesce(funnel.unpriced, 0) as unpriced
from considered
left join funnel using (run_id, variant, channel)
left join failures using (run_id, variant, channel)
left join treatments using (run_id, variant, channel)
