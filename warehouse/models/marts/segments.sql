-- description: One row per segment: its definition and size when it was last computed.
-- depends: raw.campaigns__segments

-- column: segment_id         | Segment.
-- column: name               | Name as shown.
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
    definition,
    definition_version,
    member_count,
    computed_at
from raw.campaigns__segments
