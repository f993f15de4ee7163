-- description: One row per contact list and import of it: how its file was read, what was in it, who agreed to what.
-- depends: staging.files__lists, marts.contact_list_members

-- column: list_id          | Name of a contact list.
-- column: version          | Version of the list: 1, 2 and so on, one more whenever file, mapping or consent changed.
-- column: is_current       | Whether it is the list's newest version.
-- column: file_name        | Name of the file it came from.
-- column: encoding         | Encoding of the CSV; null for a workbook.
-- column: separator        | What stands between the cells of the CSV; null for a workbook.
-- column: sheet            | Sheet of the workbook; null for CSV.
-- column: mapping          | JSON: field → column of the file.
-- column: row_count        | Rows of the file.
-- column: accepted_count   | Rows that became people.
-- column: rejected_count   | Rows without an address we could write to, or of the wrong shape.
-- column: duplicate_count  | Rows about a person of an earlier row.
-- column: matched_count    | Members who are contacts of the CRM; null for versions that are not current.
-- column: agreed_purposes  | Purposes the people agreed to, as the list can show; empty without evidence.
-- column: consent_evidence | What shows the consent: which form, whose booth.
-- column: consent_at       | Day on which consent was given; null without consent.
-- column: loaded_at        | When the version was imported, UTC.

-- unique: list_id, version
-- not_null: list_id, version, agreed_purposes, loaded_at
-- assert: accepted_count + rejected_count + duplicate_count = row_count
-- assert: len(agreed_purposes) = 0 or consent_evidence is not null
-- unrelated: list_id | its own: the lists are listed here

with matched as (
    select
        list_id,
        version,
        count(*) filter (is_crm_contact) as matched_count
    from marts.contact_list_members
    group by all
)

select
    list.list_id,
    list.version,
    list.version = max(list.version) over (partition by list.list_id) as is_current,
    list.file_name,
    list.encoding,
    list.separator,
    list.sheet,
    list.mapping,
    list.row_count,
    list.accepted_count,
    list.rejected_count,
    list.duplicate_count,
    matched.matched_count,
    list.agreed_purposes,
    list.consent_evidence,
    list.consent_at,
    list.loaded_at
from staging.files__lists as list
left join matched using (list_id, version)
