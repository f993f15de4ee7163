-- description: One row per row of a contact list's newest version: who the person is in the CRM, and what both sides agreed to.
-- depends: staging.files__lists, staging.files__contacts, marts.contacts, staging.journal__suppressions

-- column: list_id           | Name of a contact list.
-- column: version           | Version as its source has it.
-- column: line_number       | Row of the file, as Excel or an editor numbers it.
-- column: first_line_number | First row of the list about the same person.
-- column: contact_id        | CRM contact.
-- column: is_crm_contact    | Whether the CRM has a contact with one of the person's addresses.
-- column: matched_by        | Address that tells which CRM contact it is: email, mobile or line; null outside the CRM.
-- column: company_id        | CRM company: the unit of assignment and of analysis.
-- column: name              | Name as the CRM has it.
-- column: company_name      | Company name as its source has it.
-- column: job_title         | Job title as the list has it.
-- column: email             | Email address, lower case; null when it could not be written to.
-- column: mobile            | Mobile number in E.164; null when what was typed is none.
-- column: line_user_id      | LINE user, only when the person has confirmed to be this contact.
-- column: country           | Name we use.
-- column: language          | Language to write in when the person has not said: th in Thailand, else en.
-- column: agreed_purposes   | Purposes the people agreed to, as the list can show; empty without evidence.
-- column: consent_at        | Day on which consent was given; null without consent.
-- column: is_opted_out      | Whether one of the person's addresses, or the person, opted out of everything, in the CRM or with us.
-- column: consents          | Purposes for which the person may be written to.
-- column: attributes        | JSON: the list's other columns, by their names.
-- column: loaded_at         | When it was last loaded, UTC.

-- unique: list_id, line_number
-- not_null: contact_id, is_crm_contact, agreed_purposes, is_opted_out, consents
-- assert: is_crm_contact or len(consents) = 0
-- assert: not is_opted_out or len(consents) = 0

with listed as (
    select
        person.*,
        case when person.has_consent then list.agreed_purposes else []::varchar[] end as agreed_purposes
    from staging.files__contacts as person
    inner join staging.files__lists as list using (list_id, version)
    qualify list.version = max(list.version) over (partition by list.list_id)
),

-- The strongest address first: 1, 2, 3.
listed_addresses as (
    unpivot (select list_id, line_number, email, mobile, line_user_id from listed)
    on email, mobile, line_user_id into name kind value address
),

crm_addresses as (
    unpivot (select contact_id, is_active, is_unsubscribed, email, mobile, line_user_id from marts.contacts where not is_deleted)
    on email, mobile, line_user_id into name kind value address
),

-- Several contacts may share an address: who still works there comes first.
known as (
    select
        kind,
        address,
        first(contact_id order by is_active desc, contact_id) as contact_id,
        bool_or(is_unsubscribed) as is_unsubscribed
    from crm_addresses
    group by all
),

matched as (
    select
        listed.list_id,
        listed.line_number,
        first(known.contact_id order by list_position(['email', 'mobile', 'line_user_id'], known.kind)) as contact_id,
        first(known.kind order by list_position(['email', 'mobile', 'line_user_id'], known.kind)) as matched_by,
        bool_or(known.is_unsubscribed) as is_unsubscribed
    from listed_addresses as listed
    inner join known on listed.kind = known.kind and listed.address = known.address
    group by all
),

-- An opt-out of an address holds for the person, whatever a list says.
refused as (
    select
        list_id,
        line_number,
        list(distinct purpose) as purposes
    from (
        select
            listed.list_id,
            listed.line_number,
            suppression.purpose
        from listed_addresses as listed
        inner join staging.journal__suppressions as suppression on listed.address = suppression.address
        where suppression.lifted_at is null
        union all
        select
            matched.list_id,
            matched.line_number,
            suppression.purpose
        from matched
        inner join staging.journal__suppressions as suppression
            on matched.contact_id = suppression.contact_id and suppression.address is null
        where suppression.lifted_at is null
    )
    group by all
),

joined as (
    select
        listed.* exclude (email_as_typed, mobile_as_typed, line_user_id_as_typed),
        coalesce(matched.contact_id, listed.person_id) as contact_id,
        matched.contact_id is not null as is_crm_contact,
        replace(matched.matched_by, 'line_user_id', 'line') as matched_by,
        contact.company_id,
        coalesce(contact.consents, []::varchar[]) as crm_consents,
        coalesce(refused.purposes, []::varchar[]) as refused_purposes,
        coalesce(matched.is_unsubscribed, false) or list_contains(coalesce(refused.purposes, []::varchar[]), 'all') as is_opted_out
    from listed
    left join matched using (list_id, line_number)
    left join refused using (list_id, line_number)
    left join marts.contacts as contact on matched.contact_id = contact.contact_id
)

select
    list_id,
    version,
    line_number,
    min(line_number) over (partition by list_id, contact_id) as first_line_number,
    contact_id,
    is_crm_contact,
    matched_by,
    company_id,
    name,
    company_name,
    job_title,
    email,
    mobile,
    line_user_id,
    country,
    language,
    agreed_purposes,
    consent_at,
    is_opted_out,
    case
        when is_opted_out then []::varchar[]
        else list_filter(
            agreed_purposes,
            lambda purpose: list_contains(crm_consents, purpose) and not list_contains(refused_purposes, purpose)
        )
    end as consents,
    attributes,
    loaded_at
from joined
