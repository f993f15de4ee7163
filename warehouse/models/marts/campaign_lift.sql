-- description: One row per campaign: share of companies that converted, treated against held out.
-- depends: marts._treatments

-- column: campaign_id        | Campaign.
-- column: conversion         | What success is, in one word.
-- column: treated            | Companies treated: the unit of assignment and of analysis.
-- column: held_out           | Companies held out.
-- column: converted          | Treated companies of which any subject converted; null where there is none to count.
-- column: converted_holdout  | Held-out companies of which any subject converted; null where there is none to count.
-- column: conversion_rate    | converted / treated.
-- column: holdout_rate       | converted_holdout / held_out; null without a holdout.
-- column: lift               | conversion_rate - holdout_rate.
-- column: lift_low           | Lower end of Newcombe's 95 % interval.
-- column: lift_high          | Upper end of Newcombe's 95 % interval.

-- unique: campaign_id
-- not_null: campaign_id
-- assert: lift is null or lift between lift_low and lift_high
-- relation: campaign_id -> staging.journal__campaigns.campaign_id | warning: the store's newest rows come with its next load

with companies as (
    select
        campaign_id,
        company_id,
        arm,
        max(nullif(conversion, 'none')) as conversion,
        bool_or(is_converted) as is_converted
    from marts._treatments
    group by campaign_id, company_id, arm
),

counted as (
    select
        campaign_id,
        coalesce(max(conversion), 'none') as conversion,
        count(*) filter (arm = 'treated')::double as treated,
        count(*) filter (arm = 'holdout')::double as held_out,
        case when count(conversion) > 0 then count(*) filter (arm = 'treated' and is_converted)::double end as converted,
        case when count(conversion) > 0 then count(*) filter (arm = 'holdout' and is_converted)::double end as converted_holdout
    from companies
    group by campaign_id
)

select
    campaign_id,
    conversion,
    treated::bigint as treated,
    held_out::bigint as held_out,
    converted::bigint as converted,
    converted_holdout::bigint as converted_holdout,
    case when treated > 0 then converted / treated end as conversion_rate,
    case when held_out > 0 then converted_holdout / held_out end as holdout_rate,
    case when treated > 0 and held_out > 0 then converted / treated - converted_holdout / held_out end as lift,
    lift_low(converted, treated, converted_holdout, held_out) as lift_low,
    lift_high(converted, treated, converted_holdout, held_out) as lift_high
from counted
