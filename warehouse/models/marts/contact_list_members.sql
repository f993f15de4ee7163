-- description: One row per contact list and person in its newest version. For analysis; who is written to, the policy decides by the CRM's consents.
-- depends: marts._list_people

-- column: list_id          | Name of a contact list.
-- column: version          | Version as its source has it.
-- column: line_number      | Row of the file, as Excel or an editor numbers it.
-- column: contact_id       | CRM contact.
-- column: is_crm_contact   | Whether the CRM has a contact with one of the person's addresses.
-- column: matched_by       | Address that tells which CRM contact it is: email, mobile or line; null outside the CRM.
-- column: company_id       | CRM company: the unit of assignment and of analysis.
-- column: name             | Name as the CRM has it.
-- column: company_name     | Company name as its source has it.
-- column: job_title        | Job title as the list has it.
-- column: email            | Email address, lower case; null when it could not be written to.
-- column: mobile           | Mobile number in E.164; null when what was typed is none.
-- column: line_user_id     | LINE user, only when the person has confirmed to be this contact.
-- column: country          | Name we use.
-- column: language         | Language to write in when the person has not said: th in Thailand, else en.
-- column: other_list_count | Other lists the person is in now.
-- column: agreed_purposes  | Purposes the people agreed to, as the list can show; empty without evidence.
-- column: consent_at       | Day on which consent was given; null without consent.
-- column: is_opted_out     | Whether one of the person's addresses, or the person, opted out of everything, in the CRM or with us.
-- column: consents         | Purposes for which the person may be written to.
-- column: attributes       | JSON: the list's other columns, by their names.
-- column: loaded_at        | When it was last loaded, UTC.

-- unique: list_id, contact_id
-- not_null: contact_id, is_crm_contact, is_opted_out, consents
-- assert: is_crm_contact or len(consents) = 0
-- assert: not is_opted_out or len(consents) = 0

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
