"""The way back: what the warehouse's journal knows of the store beyond a backup, written into the restored store.

It is evidence of what was sent, and it keeps opt-outs that came after the backup.
"""

import json
from collections.abc import Mapping
from datetime import datetime
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
            written[table.name] = sum(_write(connection, table, cursor, row) for row in rows)
    return {name: count for name, count in written.items() if count}


def _row(name: str, found: Mapping[str, Any]) -> dict[str, Any]:
    row = {column: found[column] for column in TABLES[name] if column in found}
    for column, kind in TABLES[name].items():
        if kind == "json" and row.get(column) is not None:
            row[column] = json.loads(row[column])
    if "inbox_id" in row:
        row["inbox_id"] = None  # that delivery is lost, and its number will be another's
    return row


def _write(connection: sa.Connection, table: sa.Table, cursor: str, row: dict[str, Any]) -> int:
    module: Any = postgresql if connection.dialect.name == "postgresql" else sqlite
    insert = module.insert(table).values(row)
    keys = list(table.primary_key.columns)
    changes = {name: insert.excluded[name] for name in row if name not in {key.name for key in keys}}
    newer = table.c[cursor] < insert.excluded[cursor]
    statement = insert.on_conflict_do_update(index_elements=keys, set_=changes, where=newer)
    return len(connection.execute(statement.returning(keys[0])).all())
