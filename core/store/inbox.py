"""The inbox: every webhook as it came, once, before anybody interprets it."""

import hashlib
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import orjson
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from core.store.many import Insert
from core.store.tables import inbox
from core.store.times import json_time

# Few deliveries are not applied: the index is over those, and a query says so in the index's own words.
IS_NOT_APPLIED = sa.text("inbox.state <> 'applied'")


# WhatsApp tells the time in seconds since 1970, LINE in milliseconds: ten digits are the second in both.
_SECOND = re.compile(rb'"timestamp" ?: ?"?([0-9]{10})')


class Raw(NamedTuple):
    """One delivery as it came. ``dedup_key`` is ``dedup_key`` of its body, or the provider's own event id."""

    source: str
    dedup_key: str
    headers: Mapping[str, str]
    body: bytes
    received_at: datetime


def dedup_key(body: bytes) -> str:
    """Return what tells a body from every other: the second that it names first, if any, and its sha256.

    By the sha256 alone each delivery would lie on another page of the index, to be written, and synced, for itself;
    so those of one time lie together.
    """
    digest = hashlib.sha256(body).hexdigest()
    found = _SECOND.search(body)
    return digest if found is None else f"{found[1].decode()}-{digest}"


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


_KEEP = Insert(
    "inbox",
    "source, dedup_key",
    "source, dedup_key, inbox_id",
    source="text",
    dedup_key="text",
    headers="json",
    body="bytes",
    state="text",
    received_at="time",
    applied_at="time",
)


def append_all(connection: sa.Connection, raws: Sequence[Raw]) -> list[int | None]:
    """Keep many deliveries, each once, by one call. Returns their ``inbox_id``, None for one that was here before.

    They are kept as ``applied``: whoever keeps them applies them in the same transaction, or says what became of them.
    """
    firsts: dict[tuple[str, str], Raw] = {}
    for raw in raws:
        firsts.setdefault((raw.source, raw.dedup_key), raw)
    rows = [
        (raw.source, raw.dedup_key, orjson.dumps(raw.headers).decode(), raw.body, "applied", moment, moment)
        for raw in firsts.values()
        for moment in [json_time(connection, raw.received_at)]
    ]
    ids = {(source, key): inbox_id for source, key, inbox_id in _KEEP.put(connection, rows)} if rows else {}
    return [ids.get(key) if firsts[key] is raw else None for raw in raws for key in [(raw.source, raw.dedup_key)]]


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
        _is("received"), inbox.c.source == source
    )
    return [dict(row) for row in connection.execute(query.order_by(inbox.c.inbox_id).limit(limit)).mappings()]


def rows(connection: sa.Connection, state: str, limit: int = 100, *, after: int = 0) -> list[dict[str, Any]]:
    """List deliveries in a state (``received``, ``applied``, ``rejected``), oldest first, after an ``inbox_id``."""
    query = sa.select(inbox).where(_is(state), inbox.c.inbox_id > after)
    query = query.order_by(inbox.c.inbox_id).limit(limit)
    return [dict(row) for row in connection.execute(query).mappings()]


def _is(state: str) -> sa.ColumnElement[bool]:
    is_it = inbox.c.state == state
    return is_it if state == "applied" else sa.and_(IS_NOT_APPLIED, is_it)


def count(connection: sa.Connection, state: str) -> dict[str, int]:
    """Count deliveries in a state by source."""
    query = sa.select(inbox.c.source, sa.func.count().label("number")).where(_is(state)).group_by(inbox.c.source)
    return {row.source: row.number for row in connection.execute(query)}
