-- description: The temporary table `considered`: one row per contact and subject of a run, with what the rules ask about.
-- Parameters: $campaign_id, $run_id, $purpose, $channels, $roles, $family, $has_holdout_below.

create or replace temp table considered as
with reachable as (
    select
        member.*,
        contact.name as contact_name,
        contact.language,
        contact.time_zone,
        contact.contact_type,
        contact.is_primary,
        contact.consents,
        contact.is_opt_out_known,
        contact.is_unsubscribed,
        contact.preferred_channel,
        map { 'email': contact.email, 'whatsapp': contact.mobile, 'line': contact.line_user_id } as addresses,
        coalesce(contact.mobile_as_typed, '') <> '' as has_typed_something
    from members as member
    inner join marts.contacts as contact on contact.contact_id = member.contact_id
),

chosen as (
    select
        *,
        list_filter(
            list_prepend(preferred_channel, $channels),
            lambda channel: list_contains($channels, channel) and addresses[channel] is not null
        )[1] as channel
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
    chosen.*,
    chosen.addresses[chosen.channel] as address,
    company.name as company_name,
    company.is_active as has_active_contract,
    coalesce(list_position($roles, chosen.contact_type), 99) as role_rank,
    sent_before.step is not null as is_sent_before,
    md5_number_lower('holdout|' || $family || '|' || chosen.company_id) % 10000 < $has_holdout_below as is_held_out
from chosen
inner join marts.companies as company on company.company_id = chosen.company_id
left join sent_before on sent_before.subject_id = chosen.subject_id and sent_before.step = chosen.step
