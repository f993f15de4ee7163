"""What changed in the CRM, field by field, as our loads saw it: its audit log misses bulk edits and ``/mcp/``.

History is loaded before the rows it tells of. A load that dies in between leaves changes that no row shows; the next
load takes them back and finds them again, so that none is lost or told twice.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pyarrow as pa

from pipelines.crm.tables import COLLECTIONS, HISTORY, KEYS, NESTED, TABLES
from pipelines.existing import Held
from pipelines.profiles import arrow_table

TABLE = "crm__history"
_INSTANT = timedelta(microseconds=1)
# Opt-outs and languages are the contact's own, wherever the CRM shows them.
_ENTITIES = {
    **{each.table: each.name for each in COLLECTIONS},
    **{each.table: each.name for each in NESTED},
    "crm__contact_preferences": "contacts",
}
# The time of a change is ours: the CRM's own moves without a change, and stays through others.
_NOT_TOLD = {"id", "contact_id", "updated_at", "_loaded_at"}


def _told(table: str) -> dict[str, str]:
    """Return which columns of a table have a history, by the name of the field there."""
    return {name.removeprefix("_"): name for name in TABLES[table] if name not in _NOT_TOLD}


def changes(tables: Mapping[str, pa.Table], held: Held, now: datetime) -> list[dict[str, Any]]:
    """Return one row per field that differs between the rows about to be loaded and those standing.

    A row that is new has no history yet. All share one moment, later than any before it whatever the clock says.
    """
    newest = held.newest(TABLE, "valid_from")
    moment = now if newest is None else max(now, newest + _INSTANT)
    return [
        {"entity": entity, **change, "valid_from": moment}
        for table, entity in _ENTITIES.items()
        for change in _changes_of(table, tables[table].to_pylist(), held)
    ]


def _changes_of(table: str, rows: list[dict[str, Any]], held: Held) -> Iterator[dict[str, Any]]:
    (key,) = KEYS[table]
    standing = _standing(table, [row[key] for row in rows], held)
    for row in rows:
        before = standing.get(row[key], {})
        for field, column in _told(table).items():
            # A column that we only now began to load says nothing about the past.
            if column in before and before[column] != row[column]:
                old, new = _text(before[column]), _text(row[column])
                yield {"entity_id": row[key], "field": field, "old_value": old, "new_value": new}


def take_back_unfinished(held: Held) -> None:
    """Delete those changes of the last load that told of one and died before the rows showed it."""
    newest = held.newest(TABLE, "valid_from")
    last = held.rows_since(TABLE, "valid_from", newest) if newest else []
    shown: set[tuple[str, str, str, str | None]] = set()
    for table, entity in _ENTITIES.items():
        (key,) = KEYS[table]
        named = {change["entity_id"] for change in last if change["entity"] == entity}
        for row in _standing(table, sorted(named), held).values():
            shown |= {(entity, row[key], field, _text(row.get(column))) for field, column in _told(table).items()}
    unfinished = [
        change
        for change in last
        if (change["entity"], change["entity_id"], change["field"], change["new_value"]) not in shown
    ]
    if unfinished:
        held.delete(TABLE, KEYS[TABLE], arrow_table(unfinished, HISTORY))


def _standing(table: str, keys: list[str], held: Held) -> dict[str, dict[str, Any]]:
    (key,) = KEYS[table]
    return {row[key]: row for row in held.rows_with(table, key, keys)} if keys else {}


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    return value.isoformat() if isinstance(value, date) else str(value)
