"""The inbox: every webhook as it came, once, before anybody interprets it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from core.store.tables import inbox


def insert_ignore(connection: sa.Connection, table: sa.Table) -> Any:
    """Return an INSERT that leaves an existing row alone, in the connection's dialect."""
    module: Any = postgresql if connection.dialect.name == "postgresql" else sqlite
    return module.insert(table).on_conflict_do_nothing()


def append(
    connection: sa.Connection,
    *,
    source: str,
    dedup_key: str,
    headers: Mapping[str, str],
    body: bytes,
    received_at: datetime,
) -> int | None:
    """Keep one raw delivery. Returns its ``inbox_id``, or None when it was here before."""
    statement = insert_ignore(connection, inbox).values(
        source=source,
        dedup_key=dedup_key,
        headers=dict(headers),
        body=body,
        state="received",
        received_at=received_at,
    )
    return connection.execute(statement.returning(inbox.c.inbox_id)).scalar_one_or_none()


def mark_applied(connection: sa.Connection, inbox_id: int, at: datetime) -> None:
    """Say that the delivery's events are recorded and their effects applied."""
    connection.execute(
        sa.update(inbox).where(inbox.c.inbox_id == inbox_id).values(state="applied", reason=None, applied_at=at)
    )


def mark_received(connection: sa.Connection, inbox_id: int) -> None:
    """Say that the delivery is understood and waits for the pipeline that reads by it."""
    connection.execute(
        sa.update(inbox).where(inbox.c.inbox_id == inbox_id).values(state="received", reason=None, applied_at=None)
    )


def mark_rejected(connection: sa.Connection, inbox_id: int, reason: str, at: datetime) -> None:
    """Keep the delivery for replay and say why it could not be understood."""
    connection.execute(
        sa.update(inbox).where(inbox.c.inbox_id == inbox_id).values(state="rejected", reason=reason, applied_at=at)
    )


def waiting(connection: sa.Connection, source: str, limit: int = 100) -> list[dict[str, Any]]:
    """List a source's deliveries that wait for its pipeline, oldest first."""
    query = sa.select(inbox.c.inbox_id, inbox.c.body, inbox.c.received_at).where(
        inbox.c.state == "received", inbox.c.source == source
    )
    return [dict(row) for row in connection.execute(query.order_by(inbox.c.inbox_id).limit(limit)).mappings()]


def rows(connection: sa.Connection, state: str, limit: int = 100) -> list[dict[str, Any]]:
    """List deliveries in a state (``received``, ``applied``, ``rejected``), oldest first."""
    query = sa.select(inbox).where(inbox.c.state == state).order_by(inbox.c.inbox_id).limit(limit)
    return [dict(row) for row in connection.execute(query).mappings()]
