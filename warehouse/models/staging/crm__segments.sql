-- description: One row per segment of the CRM's own: typed and renamed, nothing else.
-- depends: raw.crm__segments

-- column: crm_segment_id     | CRM segment, not one of ours.
-- column: name               | Name as the CRM has it.
-- column: description        | What it is about, at length, as typed.
-- column: segment_type       | dynamic or static.
-- column: status             | active, paused or archived.
-- column: filter_criteria    | Rules as the CRM keeps them, JSON.
-- column: member_count       | Members when the CRM last counted.
-- column: last_calculated_at | When the CRM last counted members, UTC.
-- column: created_by_user_id | CRM user who made it.
-- column: tags               | Tags, separated by commas.
-- column: last_used_at       | When it was last used, UTC.
-- column: times_used         | How often it was used.
-- column: created_at         | When the CRM made the row, UTC.
-- column: updated_at         | When the CRM says it last changed, UTC; misses some changes.
-- column: loaded_at          | When we last read the row, UTC.
-- column: is_deleted         | Whether the CRM no longer has the row.

-- unique: crm_segment_id
-- not_null: crm_segment_id

select
    id as crm_segment_id,
    name,
    description,
    segment_type,
    status,
    filter_criteria,
    member_count,
    last_calculated_at,
    created_by as created_by_user_id,
    tags,
    last_used_at,
    times_used,
    created_at,
    updated_at,
    _loaded_at as loaded_at,
    _is_deleted as is_deleted
from raw.crm__segments
