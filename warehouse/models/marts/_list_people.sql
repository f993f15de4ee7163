-- description: One row per row of a contact list's newest version: who the person is in the CRM, and what both sides agreed to.
-- depends: staging.files__lists, staging.files__contacts, marts.contacts, staging.journal__suppressions

-- column: list_id           | Name of a contact list.
-- column: version           | Version of the list: 1, 2 and so on, one more whenever file, mapping or consent changed.
-- column: line_number       | Row of the file, as Excel or an editor numbers it.
-- column: first_line_number | First row of the list about the same person.
-- column: contact_id        | CRM contact; of who is none, derived from the strongest address.
-- column: is_crm_contact    | Whether the CRM has a contact with one of the person's addresses.
-- column: matched_by        | Address that tells which CRM contact it is: email, mobile or line; null outside the CRM.
-- column: company_id        | CRM company of the contact; null outside the CRM.
-- column: name              | Name as the list has it.
-- column: company_name      | Name of the person's company as the list has it.
-- column: job_title         | Job title as the list has it.
-- column: email             | Email address, lower case; null when it could not be written to.
-- column: mobile            | Mobile number in E.164; null when what was typed is none.
-- column: line_user_id      | LINE user as the list has it; null when what was typed is none.
-- column: country           | Name we use; null when the list names none.
-- column: language          | Language to write in as the list has it; null when it names none.
-- column: agreed_purposes   | Purposes the person agreed to, as the list can show; empty without evidence.
-- column: consent_at        | Day on which consent was given; null without consent.
-- column: is_opted_out      | Whether one of the person's addresses, or the person, opted out of everything, in the CRM or with us.
-- column: consents          | Purposes that the list and the CRM both agree to and nobody took back.
-- column: attributes        | JSON: the list's other columns, by their names.
-- column: loaded_at         | When the version was imported, UTC.

-- unique: list_id, line_number
-- not_null: list_id, version, line_number, contact_id, is_crm_contact, agreed_purposes, is_opted_out, consents
-- accepted: matched_by | email, mobile, line
-- assert: is_crm_contact or len(consents) = 0
-- assert: not is_opted_out or len(consents) = 0
-- assert: is_crm_contact = (matched_by is not null)
-- relation: list_id -> staging.files__lists.list_id
-- relation: company_id -> marts.companies.company_id | warning: a row that the CRM deleted before our first load is not here
-- unrelated: contact_id | of who is no contact of the CRM, derived from the address: is_crm_contact says which
-- unrelated: line_user_id | LINE's own, unknown to any table

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
    select
        list_id,
        line_number,
        'email' as kind,
        email as address
    from listed
    where email is not null
    union all
    select
        list_id,
        line_number,
        'mobile' as kind,
        mobile as address
    from listed
    where mobile is not null
    union all
    select
        list_id,
        line_number,
        'line_user_id' as kind,
        line_user_id as address
    from listed
    where line_user_id is not null
),

crm_addresses as (
    select
        contact_id,
        is_active,
        is_unsubscribed,
        'email' as kind,
        email as address
    from marts.contacts
    where email is not null and not is_deleted
    union all
    select
        contact_id,
        is_active,
        is_unsubscribed,
        'mobile' as kind,
        mobile as address
    from marts.contacts
    where mobile is not null and not is_deleted
    union all
    select
        contact_id,
        is_active,
        is_unsubscribed,
        'line_user_id' as kind,
        line_user_id as address
    from marts.contacts
    where line_user_id is not null and not is_deleted
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
