-- description: One row per address of a contact on a channel: where we know it from, how sure it is, whether it is used.
-- depends: marts.contacts, staging.journal__channel_addresses

-- column: contact_id   | CRM contact.
-- column: channel      | How the person is reached.
-- column: address      | The address on that channel.
-- column: state        | stated (the CRM has it), confirmed (the person proved it), blocked or revoked.
-- column: source       | Where we know it from.
-- column: confidence   | How sure it is that the address is the person's, 0 to 1.
-- column: confirmed_at | When the person confirmed it, UTC.
-- column: is_used      | Whether messages of the channel go there.

-- unique: contact_id, channel, address
-- not_null: contact_id, channel, address, state, source, confidence, is_used
-- accepted: channel | email, whatsapp, line, sms, messenger, instagram, x
-- accepted: state | stated, confirmed, blocked, revoked
-- assert: not is_used or state in ('stated', 'confirmed')
-- relation: contact_id -> marts.contacts.contact_id | warning: whom the CRM deleted is not here after a rebuild from it

with stated as (
    select
        contact_id,
        'email' as channel,
        email as address,
        -- typed by our staff, and of the right form
        0.8 as confidence
    from marts.contacts
    where email is not null
    union all
    select
        contact_id,
        'whatsapp' as channel,
        mobile as address,
        -- a number without its country code is read as one of the company's country
        case when ltrim(mobile_as_typed) like '+%' or ltrim(mobile_as_typed) like '00%' then 0.8 else 0.6 end as confidence
    from marts.contacts
    where mobile is not null
),

together as (
    select
        coalesce(known.contact_id, stated.contact_id) as contact_id,
        coalesce(known.channel, stated.channel) as channel,
        coalesce(known.address, stated.address) as address,
        coalesce(known.state, 'stated') as state,
        coalesce(known.source, 'crm') as source,
        coalesce(known.confidence, stated.confidence) as confidence,
        known.confirmed_at,
        stated.address is not null as is_stated
    from staging.journal__channel_addresses as known
    full outer join stated using (contact_id, channel, address)
)

select
    together.* exclude (is_stated),
    case together.channel
        when 'line' then coalesce(contact.line_user_id = together.address, false)
        else is_stated and together.state in ('stated', 'confirmed')
    end as is_used
from together
left join marts.contacts as contact using (contact_id)
