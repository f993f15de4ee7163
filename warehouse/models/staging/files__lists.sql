-- description: One row per version of a contact list: how its file was read, and who agreed to what.
-- depends: raw.files__lists

-- column: list_id          | Name of a contact list.
-- column: version          | Version of the list: 1, 2 and so on, one more whenever file, mapping or consent changed.
-- column: content_hash     | Hash of the file and of how it is read: the same again is no new version.
-- column: file_name        | Name of the file it came from.
-- column: encoding         | Encoding of the CSV; null for a workbook.
-- column: separator        | What stands between the cells of the CSV; null for a workbook.
-- column: sheet            | Sheet of the workbook; null for CSV.
-- column: mapping          | JSON: field → column of the file.
-- column: row_count        | Rows of the file.
-- column: accepted_count   | Rows that became people.
-- column: rejected_count   | Rows without an address we could write to, or of the wrong shape.
-- column: duplicate_count  | Rows about a person of an earlier row.
-- column: agreed_purposes  | Purposes the people agreed to, as the list can show; empty without evidence.
-- column: consent_evidence | What shows the consent: which form, whose booth.
-- column: consent_at       | Day on which consent was given; null without consent.
-- column: loaded_at        | When the version was imported, UTC.

-- unique: list_id, version
-- not_null: list_id, version, agreed_purposes

select
    list_id,
    version,
    content_hash,
    file_name,
    encoding,
    separator,
    sheet,
    mapping,
    row_count,
    accepted_count,
    rejected_count,
    duplicate_count,
    consent_purposes::json::varchar[] as agreed_purposes,
    consent_evidence,
    consent_at,
    _loaded_at as loaded_at
from raw.files__lists
