"""The store's tables as the journal reads them: which column says that a row is new."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from core.store import access_tables, tables
from core.store.times import UtcDateTime

# Hosts' clocks differ, and a row's time is taken a moment before its transaction begins: read this much again.
OVERLAP = timedelta(minutes=10)
SOURCES: Mapping[str, tuple[sa.Table, str]] = {
    "journal__messages": (tables.messages, "updated_at"),
    "journal__events": (tables.events, "recorded_at"),
    "journal__suppressions": (tables.suppressions, "updated_at"),
    "journal__channel_addresses": (tables.channel_addresses, "updated_at"),
    "journal__conversations": (tables.conversations, "updated_at"),
    "journal__campaigns": (tables.campaigns, "updated_at"),
    "journal__campaign_runs": (tables.campaign_runs, "updated_at"),
    "journal__templates": (tables.templates, "updated_at"),
    "journal__holds": (tables.holds, "created_at"),
    "journal__lanes": (tables.lanes, "updated_at"),
    # Last: every message read above has its decision here.
    "journal__transactional_sends": (access_tables.transactional_sends, "updated_at"),
}
WHOLE = frozenset({"journal__holds", "journal__lanes"})  # few rows, and a lifted hold leaves nothing to read by
_KINDS: tuple[tuple[type[Any], str], ...] = (
    (UtcDateTime, "time"),
    (sa.JSON, "json"),
    (sa.Numeric, "amount"),
    (sa.Integer, "int"),
    (sa.Text, "text"),
)


def _kind(column: sa.Column[Any]) -> str:
    if isinstance(column.type, sa.Float):
        return "float"
    return next(kind for type_, kind in _KINDS if isinstance(column.type, type_))


LOADS = "journal__loads"
TABLES: dict[str, dict[str, str]] = {
    **{name: {column.name: _kind(column) for column in table.columns} for name, (table, _) in SOURCES.items()},
    # complete_until: what was recorded before it had all committed when the last load that succeeded began to read.
    LOADS: {"table_name": "text", "row_count": "int", "loaded_at": "time", "complete_until": "time"},
}
# The tables whose loads are numbered, upwards, in ``_load_number``: models of them compute only what changed.
NUMBERED = frozenset({"journal__messages", "journal__events"})
KEYS: dict[str, tuple[str, ...]] = {
    **{name: tuple(column.name for column in table.primary_key.columns) for name, (table, _) in SOURCES.items()},
    LOADS: ("table_name",),
}


def oldest_writer(connection: sa.Connection, now: datetime) -> datetime:
    """Return since when a transaction is open that may still write rows, or else ``now``.

    SQLite has one writer at a time: who reads sees all that was written before. On PostgreSQL a transaction that began
    an hour ago may commit rows of an hour ago after this.
    """
    if connection.dialect.name != "postgresql":
        return now
    query = """
        select coalesce(extract(epoch from max(clock_timestamp() - xact_start)), 0)::float
        from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid() and xact_start is not null
    """
    return now - timedelta(seconds=connection.scalar(sa.text(query)) or 0)


def rows_since(connection: sa.Connection, name: str, since: datetime | None) -> list[dict[str, Any]]:
    """Return the rows of a table from ``since`` on, or all."""
    table, cursor = SOURCES[name]
    query = sa.select(table)
    if since is not None:
        query = query.where(table.c[cursor] >= since)
    return [dict(row) for row in connection.execute(query).mappings()]
