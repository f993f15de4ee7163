-- description: One row per version of a contact list and person in it: of imports that came to their end.
-- depends: raw.files__contacts, staging.files__lists

-- column: list_id               | Name of a contact list.
-- column: version               | Version of the list: 1, 2 and so on, one more whenever file, mapping or consent changed.
-- column: line_number           | Row of the file, as Excel or an editor numbers it.
-- column: person_id             | Derived from the strongest address: the same person in every list.
-- column: name                  | Name as the list has it.
-- column: company_name          | Name of the person's company as the list has it.
-- column: job_title             | Job title as the list has it.
-- column: email                 | Email address, lower case; null when it could not be written to.
-- column: email_as_typed        | Email address as the list has it.
-- column: mobile                | Mobile number in E.164; null when what was typed is none.
-- column: mobile_as_typed       | Mobile number as the list has it.
-- column: line_user_id          | LINE user as the list has it; null when what was typed is none.
-- column: line_user_id_as_typed | LINE user as the list has it.
-- column: country               | Name we use; null when the list names none.
-- column: language              | Language to write in as the list has it; null when it names none.
-- column: has_consent           | Whether the person's row, and the list, show consent.
-- column: consent_at            | Day on which consent was given; null without consent.
-- column: attributes            | JSON: the list's other columns, by their names.
-- column: loaded_at             | When the version was imported, UTC.

-- unique: list_id, version, line_number
-- not_null: list_id, version, line_number, person_id

select
    contact.list_id,
    contact.version,
    contact.line_number,
    contact.person_id,
    contact.name,
    contact.company_name,
    contact.job_title,
    contact.email,
    contact.email_as_typed,
    contact.mobile,
    contact.mobile_as_typed,
    contact.line_user_id,
    contact.line_user_id_as_typed,
    contact.country,
    contact.language,
    contact.has_consent,
    contact.consent_at,
    contact.attributes,
    contact._loaded_at as loaded_at
from raw.files__contacts as contact
semi join staging.files__lists as list on contact.list_id = list.list_id and contact.version = list.version
