"""Saved reports: every version is kept, who saved it, and every change audited."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa

from core.store import audit
from core.store.report_tables import report_definitions

_C = report_definitions.c


class Kept(NamedTuple):
    """The newest version of a report; ``owner`` saved the first one. ``saved_at`` is UTC."""

    report_id: str
    version: int
    content: dict[str, Any]
    owner: str
    saved_by: str
    saved_at: datetime


def save(connection: sa.Connection, report_id: str, content: Mapping[str, Any], *, actor: str, now: datetime) -> int:
    """Store a report and return its version; what has not changed keeps the version it has, and leaves no line."""
    newest, kept = _newest(connection, report_id), json.loads(json.dumps(content, default=str))
    if newest is not None and newest.content == kept and not newest.is_archived:
        return int(newest.version)
    return _add(connection, report_id, newest, kept, is_archived=False, actor=actor, now=now)


def archive(connection: sa.Connection, report_id: str, *, actor: str, now: datetime) -> bool:
    """Put a report away: it is neither listed nor sent any more. False when there is none."""
    newest = _newest(connection, report_id)
    if newest is None or newest.is_archived:
        return False
    _add(connection, report_id, newest, newest.content, is_archived=True, actor=actor, now=now)
    return True


def find(connection: sa.Connection, report_id: str) -> Kept | None:
    """Return a report that is not put away, or None."""
    return next((each for each in list_all(connection) if each.report_id == report_id), None)


def list_all(connection: sa.Connection) -> list[Kept]:
    """Return every report that is not put away, by its id."""
    numbers = sa.select(_C.report_id, sa.func.max(_C.version).label("version")).group_by(_C.report_id).subquery()
    first = report_definitions.alias("first")
    query = (
        sa.select(
            _C.report_id, _C.version, _C.content, first.c.created_by, _C.created_by.label("saved_by"), _C.created_at
        )
        .join(numbers, sa.and_(numbers.c.report_id == _C.report_id, numbers.c.version == _C.version))
        .join(first, sa.and_(first.c.report_id == _C.report_id, first.c.version == 1))
        .where(_C.is_archived.is_(False))
        .order_by(_C.report_id)
    )
    return [Kept(*row) for row in connection.execute(query)]


def _newest(connection: sa.Connection, report_id: str) -> Any:
    query = sa.select(report_definitions).where(_C.report_id == report_id).order_by(_C.version.desc()).limit(1)
    return connection.execute(query).first()


def _add(
    connection: sa.Connection,
    report_id: str,
    before: Any,
    content: Mapping[str, Any],
    *,
    is_archived: bool,
    actor: str,
    now: datetime,
) -> int:
    version = 1 if before is None else int(before.version) + 1
    connection.execute(
        sa.insert(report_definitions).values(
            report_id=report_id,
            version=version,
            content=dict(content),
            is_archived=is_archived,
            created_by=actor,
            created_at=now,
        )
    )
    audit.write(
        connection,
        actor=actor,
        action="archive_report" if is_archived else "save_report",
        target=report_id,
        detail={"version": version, "before": version - 1 or None, "schedule": content.get("schedule")},
        now=now,
    )
    return version
