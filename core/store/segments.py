"""Definitions of segments that people edit: every version is kept, and every change audited."""

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from core.store import audit
from core.store.tables import segment_definitions

_C = segment_definitions.c


def save_definition(connection: sa.Connection, content: Mapping[str, Any], *, actor: str, now: datetime) -> int:
    """Store a definition (``segment_id, name …``; its ``version`` is given here) and return its version.

    A content that has not changed keeps the version it has and leaves no line in the audit log.
    """
    kept = {key: value for key, value in content.items() if key != "version"}
    digest = hashlib.sha256(json.dumps(kept, sort_keys=True, ensure_ascii=False, default=str).encode()).hexdigest()
    newest = connection.execute(
        sa.select(_C.version, _C.content_hash)
        .where(_C.segment_id == kept["segment_id"])
        .order_by(_C.version.desc())
        .limit(1)
    ).first()
    if newest is not None and newest.content_hash == digest:
        return int(newest.version)
    version = 1 if newest is None else int(newest.version) + 1
    connection.execute(
        sa.insert(segment_definitions).values(
            segment_id=kept["segment_id"],
            version=version,
            content_hash=digest,
            content=json.loads(json.dumps(kept, default=str)),
            created_by=actor,
            created_at=now,
        )
    )
    audit.write(
        connection,
        actor=actor,
        action="save_segment",
        target=kept["segment_id"],
        detail={"version": version, "before": version - 1 or None},
        now=now,
    )
    return version


def newest_definitions(connection: sa.Connection) -> list[dict[str, Any]]:
    """Return the newest version of every definition, its ``version`` in it."""
    newest = sa.select(_C.segment_id, sa.func.max(_C.version).label("version")).group_by(_C.segment_id)
    each = newest.subquery()
    query = sa.select(_C.content, _C.version).join(
        each, sa.and_(each.c.segment_id == _C.segment_id, each.c.version == _C.version)
    )
    rows = connection.execute(query.order_by(_C.segment_id))
    return [{**row.content, "version": row.version} for row in rows]


def load_definition(connection: sa.Connection, segment_id: str, version: int) -> dict[str, Any] | None:
    """Return one version of a definition, or None."""
    query = sa.select(_C.content).where(_C.segment_id == segment_id, _C.version == version)
    found = connection.execute(query).scalar_one_or_none()
    return None if found is None else {**found, "version": version}
