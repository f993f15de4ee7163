-- description: One row per version of a segment: its definition, and its size when that was last computed.
-- depends: raw.campaigns__segments

-- column: segment_id         | Segment.
-- column: name               | Name as shown.
-- column: name_th            | Name as shown in Thai.
-- column: definition         | The SQL or rules that make it.
-- column: definition_version | Version of the definition.
-- column: member_count       | Contacts in it.
-- column: computed_at        | When it was computed, UTC.

-- unique: segment_id, definition_version
-- not_null: segment_id, definition_version
-- unrelated: segment_id | its own: the segments are listed here

select
    segment_id,
    name,
    name_th,
    definition,
    definition_version,
    member_count,
    computed_at
from raw.campaigns__segments
