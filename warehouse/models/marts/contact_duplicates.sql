-- description: One row per active contact and address that an active contact with an earlier identifier has too, in the same
-- description: company or another: one person listed twice, or a mailbox or phone that several share.
-- depends: marts.contacts

-- column: contact_id       | CRM contact.
-- column: company_id       | CRM company of the contact.
-- column: channel          | How both are reached: email, or whatsapp for the mobile number.
-- column: address          | The address they share: email in lower case, mobile in E.164.
-- column: first_contact_id | Contact with the same address and the first identifier.
-- column: is_same_company  | Whether the first contact is of the same company.

-- unique: contact_id, channel
-- not_null: contact_id, channel, address, first_contact_id
-- accepted: channel | email, whatsapp, line, sms, messenger, instagram, x
-- assert: contact_id > first_contact_id
-- assert: channel in ('email', 'whatsapp')
-- relation: contact_id -> marts.contacts.contact_id
-- relation: first_contact_id -> marts.contacts.contact_id
-- relation: company_id -> marts.companies.company_id | warning: a row that the CRM deleted before our first load is not here

with addresses as (
    select
        contact_id,
        company_id,
        'email' as channel,
        email as address
    from marts.contacts
    where is_active and email is not null
    union all
    select
        contact_id,
        company_id,
        'whatsapp' as channel,
        mobile as address
    from marts.contacts
    where is_active and mobile is not null
)

select
    contact_id,
    company_id,
    channel,
    address,
    first_value(contact_id) over shared as first_contact_id,
    company_id = first_value(company_id) over shared as is_same_company
from addresses
window shared as (partition by channel, address order by contact_id)
qualify contact_id <> first_contact_id
