-- description: The temporary table `considered`: one row per contact and subject of a run, with what the rules ask about.
-- Parameters: $campaign_id, $run_id, $purpose, $channels, $roles, $writes_to_all; $variants in order, $variant_bounds between their
-- shares of 10,000, and the $family by which companies are assigned: stable over runs, batches and pauses.

create or replace temp table considered as
with standing as (
    select
        address,
        contact_id,
        channel
    from raw.journal__suppressions
    where lifted_at is null and purpose in ('all', $purpose)
),

-- Who wants nothing by a channel, or may not get it there: another one is better, if there is one.
closed as (
    select
        contact.contact_id,
        'email' as channel
    from marts.contacts as contact
    semi join standing on standing.address = contact.email
    union all
    select
        contact.contact_id,
        'whatsapp' as channel
    from marts.contacts as contact
    semi join standing on standing.address = contact.mobile
    union all
    select
        contact.contact_id,
        'line' as channel
    from marts.contacts as contact
    semi join standing on standing.address = contact.line_user_id
    union all
    select
        standing.contact_id,
        standing.channel
    from standing
    where standing.address is null and standing.channel <> 'all'
),

closed_to as (
    select
        contact_id,
        list(channel) as channels
    from closed
    group by contact_id
),

open_window as (
    select distinct contact_id
    from marts.conversations
    where channel = 'whatsapp' and window_open_until > getvariable('now')
),

-- How a channel stands with a person, the smaller the better: open before closed, preferred before others, an open window
-- before none, then how often the person answers or clicks there (of 90 days, doubted where little was sent), then the
-- campaign's order.
ranked as (
    select
        contact.*,
        coalesce(closed_to.channels, []) as closed_channels,
        case
            when contact.email is not null and list_contains($channels, 'email')
                then
                    8 * list_contains(closed_channels, 'email')::integer
                    + 4 * (contact.preferred_channel <> 'email')::integer
                    + 2
                    + 1 - coalesce((engagement.email_human_clicks_90d + engagement.email_replies_90d) / (engagement.email_sent_90d + 5.0), 0)
                    + list_position($channels, 'email') / 1000
        end as email_rank,
        case
            when contact.mobile is not null and list_contains($channels, 'whatsapp')
                then
                    8 * list_contains(closed_channels, 'whatsapp')::integer
                    + 4 * (contact.preferred_channel <> 'whatsapp')::integer
                    + 2 * (open_window.contact_id is null)::integer
                    + 1
                    - coalesce(
                        (engagement.whatsapp_human_clicks_90d + engagement.whatsapp_replies_90d) / (engagement.whatsapp_sent_90d + 5.0), 0
                    )
                    + list_position($channels, 'whatsapp') / 1000
        end as whatsapp_rank,
        case
            when contact.line_user_id is not null and list_contains($channels, 'line')
                then
                    8 * list_contains(closed_channels, 'line')::integer
                    + 4 * (contact.preferred_channel <> 'line')::integer
                    + 2
                    + 1 - coalesce((engagement.line_human_clicks_90d + engagement.line_replies_90d) / (engagement.line_sent_90d + 5.0), 0)
                    + list_position($channels, 'line') / 1000
        end as line_rank
    from marts.contacts as contact
    left join closed_to on closed_to.contact_id = contact.contact_id
    left join open_window on open_window.contact_id = contact.contact_id
    left join marts.contact_engagement as engagement on engagement.contact_id = contact.contact_id
),

chosen as (
    select
        member.* exclude (reason),
        contact.name as contact_name,
        contact.language,
        contact.time_zone,
        coalesce(list_position($roles, contact.contact_type), 99) as role_rank,
        contact.is_primary,
        list_contains(contact.consents, $purpose) as has_consent,
        contact.is_opt_out_known,
        contact.is_unsubscribed,
        contact.email,
        contact.mobile,
        contact.line_user_id,
        case least(contact.email_rank, contact.whatsapp_rank, contact.line_rank)
            when contact.email_rank then 'email'
            when contact.whatsapp_rank then 'whatsapp'
            when contact.line_rank then 'line'
        end as channel,
        coalesce(contact.mobile_as_typed, '') <> '' as has_typed_something
    from members as member
    inner join ranked as contact on contact.contact_id = member.contact_id
),

-- What is about a person is said once to the company too, unless the campaign writes to everybody there.
sent_before as (
    select distinct
        case
            when decision.subject_type = 'contact' and not $writes_to_all then decision.company_id else decision.subject_id
        end as about_id,
        decision.step
    from raw.campaigns__decisions as decision
    anti join replaced
        on
            replaced.run_id = decision.run_id
            and replaced.contact_id = decision.contact_id
            and replaced.step = decision.step
    left join raw.journal__messages as message
        on
            message.run_id = decision.run_id
            and message.contact_id = decision.contact_id
            and message.step = decision.step
            and message.status in ('cancelled', 'expired')
    where
        decision.campaign_id = $campaign_id
        and decision.run_id <> $run_id
        and decision.outcome = 'send'
        and message.message_id is null
)

select
    chosen.* exclude (email, mobile, line_user_id),
    case chosen.channel
        when 'email' then chosen.email
        when 'whatsapp' then chosen.mobile
        when 'line' then chosen.line_user_id
    end as address,
    company.name as company_name,
    coalesce(company.country, '') as country,
    company.is_active as has_active_contract,
    sent_before.step is not null as is_sent_before,
    case
        when len($variants) = 1 then $variants[1]
        else $variants[
            1 + len(
                list_filter(
                    $variant_bounds::bigint[],
                    lambda bound: bound <= md5_number_lower('variant|' || $family || '|' || chosen.company_id) % 10000
                )
            )
        ]
    end as variant,
    false as is_decided
from chosen
inner join marts.companies as company on company.company_id = chosen.company_id
left join sent_before
    on
        sent_before.step = chosen.step
        and sent_before.about_id = case
            when chosen.subject_type = 'contact' and not $writes_to_all then chosen.company_id else chosen.subject_id
        end
