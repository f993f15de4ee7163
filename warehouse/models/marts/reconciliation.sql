-- description: One row per day, channel and campaign, and one per day and channel as a whole (campaign_id null): our count of
-- description: what was taken beside the provider's own. The day is a Bangkok day where the provider has no counters; where
-- description: it has, it is the day by which it counts (LINE: UTC+9, WhatsApp: UTC), named by its date, from counted_from to
-- description: counted_until; most of it lies on the Bangkok day of that date.
-- depends: marts._taken_by_day, staging.providers__daily_totals

-- column: metric_date    | Day on which the provider took the messages: its own day, so that counts can be compared.
-- column: channel        | How people are reached.
-- column: campaign_id    | Campaign; null: the whole channel.
-- column: our_count      | Messages taken that day, by our ledger.
-- column: provider_count | Messages sent that day, by the provider; null where it does not tell.
-- column: webhook_count  | Those of our_count of which anything came back: a status, an open, a click, a reply, a bounce.
-- column: difference     | provider_count - our_count; null where the provider does not tell.
-- column: in_doubt_count | Messages claimed that day of which nobody knows whether the provider took them.
-- column: midnight_count | Messages claimed on one day and taken on another: the provider may count them on either.
-- column: state          | agrees; in_doubt: as many are in doubt as would explain it; webhooks_missing: it agrees, but of some nothing came back; differs; provider_not_ready: not asked or not counted yet; provider_cannot_tell: it has no such counter.
-- column: counted_from   | When the day starts, UTC.
-- column: counted_until  | When the day ends, UTC.

-- unique: metric_date, channel, campaign_id
-- not_null: metric_date, channel, our_count, webhook_count, in_doubt_count, midnight_count, state, counted_from, counted_until
-- accepted: state | agrees, in_doubt, webhooks_missing, differs, provider_not_ready, provider_cannot_tell
-- accepted: channel | email, whatsapp, line, sms, messenger, instagram, x
-- assert: webhook_count <= our_count
-- assert: (difference is null) = (state in ('provider_not_ready', 'provider_cannot_tell'))
-- assert: state <> 'differs' or difference <> 0
-- relation: campaign_id -> staging.journal__campaigns.campaign_id

with totals as (
    select
        channel,
        template_id,
        case channel when 'line' then interval 9 hours else interval 0 hours end as day_ahead,
        ((starts_at at time zone 'UTC') + day_ahead)::date as metric_date,
        sum(sent) as provider_count,
        bool_or(status = 'unready') as is_unready,
        bool_and(status = 'ready') as is_ready
    from staging.providers__daily_totals
    group by all
),

-- A template belongs to the one campaign that has used it; one that several use says nothing about any.
owners as (
    select
        channel,
        template_id,
        any_value(campaign_id) as campaign_id
    from marts._taken_by_day
    group by all
    having count(distinct campaign_id) = 1
),

by_template as (
    select
        coalesce(ours.channel, totals.channel) as channel,
        coalesce(ours.metric_date, totals.metric_date) as metric_date,
        coalesce(ours.day_ahead, totals.day_ahead) as day_ahead,
        coalesce(ours.campaign_id, owners.campaign_id) as campaign_id,
        ours.our_count,
        ours.webhook_count,
        ours.in_doubt_count,
        ours.midnight_count,
        totals.provider_count,
        -- A template of two campaigns stands in two rows: the channel counts it once.
        case
            when row_number() over (
                partition by totals.channel, totals.metric_date, totals.template_id order by ours.campaign_id
            ) = 1 then totals.provider_count
        end as provider_count_once,
        totals.is_unready,
        -- Complete: what the provider tells of this template is about this campaign alone.
        totals.is_ready and owners.campaign_id is not null as is_of_campaign,
        -- LINE counts no templates: its total stands beside ours, in a row of its own.
        totals.is_ready or ours.channel = 'line' as is_of_channel
    from marts._taken_by_day as ours
    full join totals
        on ours.channel = totals.channel and ours.metric_date = totals.metric_date and ours.template_id = totals.template_id
    left join owners
        on
            coalesce(ours.channel, totals.channel) = owners.channel
            and coalesce(ours.template_id, totals.template_id) = owners.template_id
),

scoped as (
    select
        *,
        provider_count as provided,
        is_of_campaign as is_told
    from by_template
    where campaign_id is not null
    union all
    select
        * replace (null as campaign_id),
        provider_count_once as provided,
        is_of_channel as is_told
    from by_template
),

summed as (
    select
        metric_date,
        channel,
        campaign_id,
        day_ahead,
        coalesce(sum(our_count), 0)::bigint as our_count,
        coalesce(sum(webhook_count), 0)::bigint as webhook_count,
        coalesce(sum(in_doubt_count), 0)::bigint as in_doubt_count,
        coalesce(sum(midnight_count), 0)::bigint as midnight_count,
        case when bool_and(coalesce(is_told, false)) then sum(provided)::bigint end as provider_count,
        coalesce(bool_or(is_unready), false) as is_unready
    from scoped
    group by all
),

compared as (
    select
        *,
        provider_count - our_count as difference,
        -- Nobody has asked yet: only what can still be asked for is worth waiting for. WhatsApp looks back 90 days.
        channel in ('line', 'whatsapp') and (channel <> 'line' or campaign_id is null)
        and metric_date >= getvariable('now')::date - 90
        and not exists (
            select 1 from totals where totals.channel = summed.channel and totals.metric_date = summed.metric_date
        ) as is_unasked
    from summed
    where our_count + in_doubt_count + midnight_count + coalesce(provider_count, 0) > 0
)

select
    metric_date,
    channel,
    campaign_id,
    our_count,
    provider_count,
    webhook_count,
    difference,
    in_doubt_count,
    midnight_count,
    case
        when provider_count is null and (is_unready or is_unasked) then 'provider_not_ready'
        when provider_count is null then 'provider_cannot_tell'
        when difference > midnight_count and difference <= midnight_count + in_doubt_count then 'in_doubt'
        when abs(difference) > midnight_count then 'differs'
        when channel = 'whatsapp' and webhook_count < our_count then 'webhooks_missing'
        else 'agrees'
    end as state,
    (metric_date::timestamp - day_ahead) at time zone 'UTC' as counted_from,
    (metric_date::timestamp + interval 1 day - day_ahead) at time zone 'UTC' as counted_until
from compared
