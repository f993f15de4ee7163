"""The way back: what the warehouse's journal knows of the store beyond a backup, written into the restored store.

It is evidence of what was sent, and it keeps opt-outs that came after the backup.
"""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from pipelines.existing import Held
from pipelines.journal.source import OVERLAP, SOURCES, TABLES, WHOLE


def roll_forward(connection: sa.Connection, held: Held, *, since: datetime) -> dict[str, int]:
    """Bring rows that the journal read after ``since`` (when the backup was made, UTC) into the store.

    A row that the store has in a newer state stays. Returns how many rows were new or newer, by table of the store.
    Inbox, links and audit are not in the journal: they stay as the backup has them.
    """
    written = {}
    for name, (table, cursor) in SOURCES.items():
        if name not in WHOLE and cursor in held.columns.get(name, ()):
            rows = [_row(name, row) for row in held.rows_since(name, cursor, since - OVERLAP)]
            if newer := _newer(connection, table, cursor, rows, since - OVERLAP):
                connection.execute(_upsert(connection, table, list(newer[0])), newer)
                written[table.name] = len(newer)
    return written


def _row(name: str, found: Mapping[str, Any]) -> dict[str, Any]:
    row = {column: found[column] for column in TABLES[name] if column in found}
    for column, kind in TABLES[name].items():
        if kind == "json" and row.get(column) is not None:
            row[column] = json.loads(row[column])
    if "inbox_id" in row:
        row["inbox_id"] = None  # that delivery is lost, and its number will be another's
    return row


def _newer(
    connection: sa.Connection, table: sa.Table, cursor: str, rows: list[dict[str, Any]], since: datetime
) -> list[dict[str, Any]]:
    """Return the rows that the store has in an older state, or not at all."""
    keys = [column.name for column in table.primary_key.columns]
    query = sa.select(table.c[cursor], *(table.c[key] for key in keys)).where(table.c[cursor] >= since)
    standing = {tuple(row[1:]): row[0] for row in connection.execute(query)}
    oldest = datetime.min.replace(tzinfo=UTC)
    return [row for row in rows if standing.get(tuple(row[key] for key in keys), oldest) < row[cursor]]


def _upsert(connection: sa.Connection, table: sa.Table, columns: list[str]) -> Any:
    module: Any = postgresql if connection.dialect.name == "postgresql" else sqlite
    insert = module.insert(table)
    keys = {column.name for column in table.primary_key.columns}
    changes = {name: insert.excluded[name] for name in columns if name not in keys}
    return insert.on_conflict_do_update(index_elements=sorted(keys), set_=changes)
