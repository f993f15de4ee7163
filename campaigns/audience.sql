-- description: The temporary table `considered`: one row per contact and subject of a run, with what the rules ask about.
-- Parameters: $campaign_id, $run_id, $purpose, $channels, $roles; $variants in order, $variant_bounds between their
-- shares of 10,000, and the $family by which companies are assigned: stable over runs, batches and pauses.

create or replace temp table considered as
with reachable as (
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
        -- 0 for the channel the person prefers, else its place among the campaign's; null where it cannot be used
        case
            when contact.email is not null and list_contains($channels, 'email')
                then case contact.preferred_channel when 'email' then 0 else list_position($channels, 'email') end
        end as email_rank,
        case
            when contact.mobile is not null and list_contains($channels, 'whatsapp')
                then case contact.preferred_channel when 'whatsapp' then 0 else list_position($channels, 'whatsapp') end
        end as whatsapp_rank,
        case
            when contact.line_user_id is not null and list_contains($channels, 'line')
                then case contact.preferred_channel when 'line' then 0 else list_position($channels, 'line') end
        end as line_rank,
        coalesce(contact.mobile_as_typed, '') <> '' as has_typed_something
    from members as member
    inner join marts.contacts as contact on contact.contact_id = member.contact_id
),

chosen as (
    select
        * exclude (email_rank, whatsapp_rank, line_rank),
        case least(email_rank, whatsapp_rank, line_rank)
            when email_rank then 'email'
            when whatsapp_rank then 'whatsapp'
            when line_rank then 'line'
        end as channel
    from reachable
),

sent_before as (
    select distinct
        decision.subject_id,
        decision.step
    from raw.campaigns__decisions as decision
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
left join sent_before on sent_before.subject_id = chosen.subject_id and sent_before.step = chosen.step
