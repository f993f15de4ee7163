"""Whether the warehouse holds what the CRM holds: both sides hashed row for row, by other code than the loader's."""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import httpx

from pipelines.crm.tables import COLLECTIONS, TABLES, Collection


def unequal_rows(url: str, warehouse: Path) -> tuple[int, dict[str, int]]:
    """Return how many rows were compared, and of each raw table how many differ, lack or are too many.

    ``url`` is the stand-in's: it shows all rows at once, so that no page can lose one. Deleted rows do not count.
    """
    count, unequal = 0, {}
    with httpx.Client(base_url=url, timeout=300) as client, duckdb.connect(str(warehouse), read_only=True) as ours:
        ours.execute("set timezone = 'UTC'")
        for collection in COLLECTIONS:
            answer = client.post("/_sandbox/rows", json={"kind": collection.path.split("/")[-2]}).raise_for_status()
            for table, records in _tables(collection, answer.json()):
                kinds = {name: kind for name, kind in TABLES[table].items() if not name.startswith("_")}
                theirs = {record["id"]: _hash(record, kinds) for record in records}
                held = {row["id"]: _hash(row, kinds) for row in _standing(ours, table)}
                count += len(theirs)
                if wrong := sum(theirs.get(key) != held.get(key) for key in theirs.keys() | held.keys()):
                    unequal[table] = wrong
    return count, unequal


def _tables(collection: Collection, records: list[dict[str, Any]]) -> Iterator[tuple[str, Iterable[Mapping[str, Any]]]]:
    yield collection.table, records
    for nested in collection.nested:
        inside = [{**each, nested.owner: record["id"]} for record in records for each in record[nested.field]]
        yield nested.table, inside


def _standing(connection: duckdb.DuckDBPyConnection, table: str) -> Iterator[dict[str, Any]]:
    cursor = connection.execute(f"select * from raw.{table} where not _is_deleted")  # noqa: S608 -- a name of ours
    names = [column[0] for column in cursor.description or ()]
    while rows := cursor.fetchmany(10_000):
        yield from (dict(zip(names, row, strict=True)) for row in rows)


def _hash(row: Mapping[str, Any], kinds: Mapping[str, str]) -> bytes:
    told = [_plain(row[name], kind) for name, kind in sorted(kinds.items())]
    return hashlib.sha256(json.dumps(told).encode()).digest()


def _plain(value: Any, kind: str) -> str | None:
    """Return a value as one text, whether it comes from JSON or from the warehouse."""
    if kind == "json":
        loaded = json.loads(value) if isinstance(value, str) else value
        return json.dumps(loaded, sort_keys=True)
    if value is None:
        return None
    if kind == "time":
        moment = datetime.fromisoformat(value) if isinstance(value, str) else value
        return str(moment.astimezone(UTC).timestamp())
    return str(Decimal(value)) if kind == "money" else str(value)
