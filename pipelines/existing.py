"""What the warehouse already holds of raw tables: watermarks, rows to compare with, columns."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from core.duck import open_file
from core.errors import TransientError
from core.lake import CATALOG, Lake
from pipelines.profiles import DATASET


class Held:
    """A look into the ``raw`` schema as the last load left it. Table names come from code, never from data."""

    def __init__(self, connection: duckdb.DuckDBPyConnection | None) -> None:
        self._connection = connection
        self.columns: dict[str, set[str]] = {}
        found = self._rows("select table_name, column_name from duckdb_columns() where schema_name = ?", DATASET)
        for row in found:
            self.columns.setdefault(row["table_name"], set()).add(row["column_name"])

    def newest(self, table: str, column: str) -> Any:
        """Return the newest time (UTC) or highest number in a column; None for an empty or missing table."""
        if column not in self.columns.get(table, ()):
            return None
        return self._rows(f'select max("{column}") as newest from {DATASET}.{table}')[0]["newest"]  # noqa: S608 -- names of ours

    def rows(self, table: str) -> list[dict[str, Any]]:
        """Return all rows of a table; none when it is missing."""
        return self._rows(f"select * from {DATASET}.{table}") if table in self.columns else []  # noqa: S608 -- a name of ours

    def rows_since(self, table: str, column: str, since: datetime) -> list[dict[str, Any]]:
        """Return the rows of a table whose time in a column is ``since`` or later."""
        return self._rows(f'select * from {DATASET}.{table} where "{column}" >= ?', since)  # noqa: S608 -- names of ours

    def rows_with(self, table: str, column: str, values: list[str]) -> list[dict[str, Any]]:
        """Return the rows of a table whose column holds one of the values; none when the table is missing."""
        sql = f'select * from {DATASET}.{table} where "{column}" in (select unnest(?))'  # noqa: S608 -- names of ours
        return self._rows(sql, values) if table in self.columns else []

    def unjudged(self, table: str, version: str, most: int) -> list[dict[str, Any]]:
        """Return what people wrote and ``table`` has no row of this version for, the newest first.

        Rows have ``event_id, channel, address, contact_id, occurred_at, text``.
        """
        if "journal__events" not in self.columns:
            return []
        known = f"select event_id from {DATASET}.{table} where classifier_version = ?"  # noqa: S608 -- a name of ours
        rest = f"and event_id not in ({known})" if table in self.columns else ""
        sql = f"""
            select event_id, channel, address, contact_id, occurred_at, detail ->> '$.text' as text
            from {DATASET}.journal__events
            where event_type = 'replied' and coalesce((detail ->> '$.text'), '') <> '' {rest}
            order by occurred_at desc, event_id limit {int(most)}
        """  # noqa: S608 -- names of ours
        return self._rows(sql, *([version] if rest else []))

    def delete(self, table: str, key: tuple[str, ...], rows: pa.Table) -> None:
        """Delete the rows of a table that have the key of one of these."""
        if self._connection is None:
            return
        same = " and ".join(f'standing."{name}" = gone."{name}"' for name in key)
        self._connection.register("gone", rows)
        self._connection.execute(f"delete from {DATASET}.{table} as standing using gone where {same}")  # noqa: S608 -- names of ours
        self._connection.unregister("gone")

    def stamp(self, table: str, values: Mapping[str, Any], *, key: str, keys: Iterable[str]) -> None:
        """Set columns of the rows whose key column holds one of ``keys``; nothing when the table is missing."""
        if self._connection is None or table not in self.columns:
            return
        named = ", ".join(f'"{name}" = ?' for name in values)
        self._connection.execute(
            f'update {DATASET}.{table} set {named} where "{key}" in (select unnest(?))',  # noqa: S608 -- names of ours
            [*values.values(), sorted(keys)],
        )

    def delete_unowned(self, table: str, owner: str, key: tuple[str, ...]) -> None:
        """Delete the rows of a table whose key no row of ``owner`` has: what a load left that died before its end."""
        if self._connection is None or table not in self.columns:
            return
        same = " and ".join(f'owner."{name}" = left_over."{name}"' for name in key)
        unowned = f"not exists (from {DATASET}.{owner} as owner where {same})" if owner in self.columns else "true"
        self._connection.execute(f"delete from {DATASET}.{table} as left_over where {unowned}")  # noqa: S608 -- names of ours

    def worth_loading(self, tables: Mapping[str, pa.Table]) -> dict[str, pa.Table]:
        """Leave out empty tables that stand with all their columns: a load pays for every table it names."""
        return {
            name: table
            for name, table in tables.items()
            if len(table) or not self.columns.get(name, set()).issuperset(table.column_names)
        }

    def _rows(self, sql: str, *parameters: Any) -> list[dict[str, Any]]:
        if self._connection is None:
            return []
        found: list[dict[str, Any]] = self._connection.execute(sql, parameters).to_arrow_table().to_pylist()
        return found


@contextmanager
def look(warehouse_path: Path | Lake, key: str = "") -> Iterator[Held]:
    """Open what the warehouse holds; a missing file holds nothing.

    Raises TransientError while another process has the file or the lake does not answer, PermanentError when the key
    does not fit.
    """
    if isinstance(warehouse_path, Path) and not warehouse_path.exists():
        yield Held(None)
        return
    with _open(warehouse_path, key) as connection:
        yield Held(connection)


def _open(warehouse_path: Path | Lake, key: str) -> duckdb.DuckDBPyConnection:
    if isinstance(warehouse_path, Path):
        return open_file(warehouse_path, key=key)
    connection = duckdb.connect()
    try:
        for statement in (*warehouse_path.statements(), f"use {CATALOG}"):
            connection.execute(statement)
    except duckdb.IOException as error:
        raise TransientError(f"the lake does not answer, load again later: {error}") from error
    connection.execute("set timezone = 'UTC'")
    return connection


def changed(
    rows: Iterable[dict[str, Any]], standing: Iterable[Mapping[str, Any]], key: tuple[str, ...]
) -> list[dict[str, Any]]:
    """Return the rows that differ from those standing, whatever the time of loading says."""
    held = {tuple(row[name] for name in key): row for row in standing}
    return [row for row in rows if not _is_same(row, held.get(tuple(row[name] for name in key)))]


def _is_same(row: Mapping[str, Any], held: Mapping[str, Any] | None) -> bool:
    return held is not None and all(held.get(name) == value for name, value in row.items() if name != "_loaded_at")
