-- description: One row per contact list and person in its newest version. For analysis; who is written to, the policy decides by the CRM's consents.
-- depends: marts._list_people

-- column: list_id          | Name of a contact list.
-- column: version          | Version of the list: 1, 2 and so on, one more whenever file, mapping or consent changed.
-- column: line_number      | Row of the file, as Excel or an editor numbers it.
-- column: contact_id       | CRM contact; of who is none, derived from the strongest address.
-- column: is_crm_contact   | Whether the CRM has a contact with one of the person's addresses.
-- column: matched_by       | Address that tells which CRM contact it is: email, mobile or line; null outside the CRM.
-- column: company_id       | CRM company of the contact; null outside the CRM.
-- column: name             | Name as the list has it.
-- column: company_name     | Name of the person's company as the list has it.
-- column: job_title        | Job title as the list has it.
-- column: email            | Email address, lower case; null when it could not be written to.
-- column: mobile           | Mobile number in E.164; null when what was typed is none.
-- column: line_user_id     | LINE user as the list has it; null when what was typed is none.
-- column: country          | Name we use; null when the list names none.
-- column: language         | Language to write in as the list has it; null when it names none.
-- column: other_list_count | Other lists the person is in now.
-- column: agreed_purposes  | Purposes the person agreed to, as the list can show; empty without evidence.
-- column: consent_at       | Day on which consent was given; null without consent.
-- column: is_opted_out     | Whether one of the person's addresses, or the person, opted out of everything, in the CRM or with us.
-- column: consents         | Purposes that the list and the CRM both agree to and nobody took back.
-- column: attributes       | JSON: the list's other columns, by their names.
-- column: loaded_at        | When the version was imported, UTC.

-- unique: list_id, contact_id
-- not_null: list_id, contact_id, is_crm_contact, is_opted_out, consents
-- accepted: matched_by | email, mobile, line
-- assert: is_crm_contact or len(consents) = 0
-- assert: not is_opted_out or len(consents) = 0
-- relation: list_id -> staging.files__lists.list_id
-- relation: company_id -> marts.companies.company_id | warning: a row that the CRM deleted before our first load is not here
-- unrelated: contact_id | of who is no contact of the CRM, derived from the address: is_crm_contact says which
-- unrelated: line_user_id | LINE's own, unknown to any table

select
    list_id,
    version,
    line_number,
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
    count(*) over (partition by contact_id) - 1 as other_list_count,
    agreed_purposes,
    consent_at,
    is_opted_out,
    consents,
    attributes,
    loaded_at
from marts._list_people
where line_number = first_line_number
