-- description: One row per version of a contact list and row not taken: of imports that came to their end.
-- depends: raw.files__rejects, staging.files__lists

-- column: list_id     | Name of a contact list.
-- column: version     | Version of the list: 1, 2 and so on, one more whenever file, mapping or consent changed.
-- column: line_number | Row of the file, as Excel or an editor numbers it.
-- column: reject_type | record: no usable address, or the wrong shape; duplicate: a person of an earlier row.
-- column: reason      | Why, with the values that decided.
-- column: cells       | JSON: the row as it was, a list of texts.
-- column: loaded_at   | When the version was imported, UTC.

-- unique: list_id, version, line_number
-- not_null: list_id, version, line_number
-- accepted: reject_type | record, duplicate

select
    reject.list_id,
    reject.version,
    reject.line_number,
    reject.reject_type,
    reject.reason,
    reject.cells,
    reject._loaded_at as loaded_at
from raw.files__rejects as reject
semi join staging.files__lists as list on reject.list_id = list.list_id and reject.version = list.version
