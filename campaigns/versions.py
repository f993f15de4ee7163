"""Which definition a reviewer means: a file, a segment as it is, or one of its earlier versions."""

import re
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from campaigns.segments import Library, Segment, from_content, from_text, read_file
from core.errors import PermanentError
from core.store import segments as store_segments

_VERSIONED = re.compile(r"([a-z0-9_]+)@(\d+)")
_COMPUTED = "select definition from raw.campaigns__segments where segment_id = ? and definition_version = ?"


def resolve(reference: str, library: Library, engine: sa.Engine, connection: Any) -> Segment:
    """Return the definition that ``reference`` names: ``a/file.yaml``, ``renewal_due``, or ``renewal_due@2``.

    Earlier versions come from the store, or, of files, from the warehouse, where each version that was ever computed
    is kept. Raises PermanentError when there is none.
    """
    if reference.endswith((".yaml", ".yml", ".sql")):
        return read_file(Path(reference))
    found = _VERSIONED.fullmatch(reference)
    if found is None:
        return library.get(reference)
    segment_id, version = found[1], int(found[2])
    current = library.segments.get(segment_id)
    if current is not None and current.version == version:
        return current
    with engine.connect() as store:
        kept = store_segments.load_definition(store, segment_id, version)
    if kept is not None:
        return from_content(kept)
    computed = connection.execute(_COMPUTED, [segment_id, version]).fetchone()
    if computed is None:
        raise PermanentError(f"there is no {reference}: no such version was saved, and none was ever computed")
    return from_text(computed[0], reference)
