"""The warehouse as of a past moment: raw tables taken back to it, and the same models built upon them, in memory.

CRM rows go back by our own history of their fields, events by when we heard of them, messages by the times of their
ladder. What has no history (templates, holds, a blocked address, which zones a contract lists) is as it is now.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from core.errors import PermanentError
from pipelines.crm.tables import COLLECTIONS, KEYS
from warehouse.build import build
from warehouse.catalog import with_upstream

_FOLDER = Path(__file__).parent / "past"
_ENTITIES = {each.table: each.name for each in COLLECTIONS} | {"crm__contact_preferences": "contacts"}
_FIRST_KNOWN = (
    ("crm__history", "valid_from"),
    ("crm__loads", "loaded_at"),
    ("campaigns__segment_memberships", "valid_from"),
    ("campaigns__decisions", "decided_at"),
)


@dataclass(frozen=True)
class Past:
    """A moment, and since when the CRM was being watched (None: never)."""

    moment: datetime
    watched_since: datetime | None

    @property
    def is_complete(self) -> bool:
        """Whether the CRM was watched at the moment already."""
        return self.watched_since is not None and self.moment >= self.watched_since

    @property
    def notes(self) -> list[str]:
        """What a reader must know about this past, in words."""
        if self.watched_since is None:
            return ["the CRM was never loaded: its fields have no history"]
        if not self.is_complete:
            since = self.watched_since.isoformat(timespec="minutes")
            return [f"the CRM's history begins on {since}: before it, its fields stand as they were then"]
        return []


@contextmanager
def as_of(
    connection: Any, moment: datetime, tables: Iterable[str], *, decided_at: datetime | None = None
) -> Iterator[Past]:
    """Within, ``raw``, ``staging`` and ``marts`` are those of ``moment``, with the marts named in ``tables`` built.

    ``decided_at``: what a run saw that decided then on marts built at ``moment``: what campaigns wrote meanwhile too.
    They lie in a database in memory: nothing of the warehouse changes, and what is written to them is gone afterwards;
    temporary tables stay. Raises PermanentError where the CRM was never loaded.
    """
    (home,) = connection.execute("select current_database()").fetchone()
    (before,) = connection.execute("select getvariable('now')").fetchone()
    if not {"crm__history", "crm__loads"} <= {name for (name,) in _raw_tables(connection, home)}:
        raise PermanentError("this warehouse has no history of the CRM: run `bma sync crm` first")
    watched_since = _watched_since(connection, home)
    select = with_upstream(*tables)
    connection.execute("attach ':memory:' as past")
    try:
        connection.execute("set variable now = ?::timestamptz", [moment])
        connection.execute("use past")
        for schema in ("raw", "staging", "marts"):
            connection.execute(f"create schema past.{schema}")
        for (table,) in _raw_tables(connection, home):
            query = _taken_back(connection, home, table)
            kind = "table" if table.startswith("campaigns__") else "view"
            connection.execute(f"create {kind} past.raw.{table} as {query}")
        build(connection, now=moment, select=select)
        if decided_at is not None:
            _go_on(connection, home, decided_at)
        yield Past(moment, watched_since)
    finally:
        connection.execute(f'use "{home}"')
        connection.execute("detach past")
        connection.execute("set variable now = ?::timestamptz", [before])


def _go_on(connection: Any, home: str, decided_at: datetime) -> None:
    """Keep what was loaded as it is, and let what campaigns wrote themselves go on to ``decided_at``."""
    for (table,) in _raw_tables(connection, home):
        if not table.startswith("campaigns__"):
            connection.execute(f"create table past.raw._kept as from past.raw.{table}; drop view past.raw.{table}")
            connection.execute(f"alter table past.raw._kept rename to {table}")
    connection.execute("set variable now = ?::timestamptz", [decided_at])
    for (table,) in _raw_tables(connection, home):
        if table.startswith("campaigns__"):
            query = _taken_back(connection, home, table)
            connection.execute(f"create or replace table past.raw.{table} as {query}")


def _raw_tables(connection: Any, home: str) -> list[tuple[str]]:
    query = "select table_name from duckdb_tables() where database_name = ? and schema_name = 'raw' order by table_name"
    return [tuple(row) for row in connection.execute(query, [home]).fetchall() if not row[0].startswith("_")]


def _taken_back(connection: Any, home: str, table: str) -> str:
    path = _FOLDER / f"{table}.sql"
    if path.exists():
        return path.read_text().replace("present.raw.", f'"{home}".raw.')  # the files' word for the warehouse itself
    if table in _ENTITIES:
        return _crm_rows(connection, home, table)
    return f'from "{home}".raw.{table}'


def _crm_rows(connection: Any, home: str, table: str) -> str:
    """Return the rows of a CRM table by then: each field has the old value of its first later change."""
    (key,) = KEYS[table]
    query = (
        "select column_name, data_type from duckdb_columns() "
        "where database_name = ? and schema_name = 'raw' and table_name = ?"
    )
    kinds = dict(connection.execute(query, [home, table]).fetchall())
    changed = [
        field
        for (field,) in connection.execute(
            f'select distinct field from "{home}".raw.crm__history '  # noqa: S608 -- the name of a database of ours
            "where entity = ? and valid_from > getvariable('now') order by field",
            [_ENTITIES[table]],
        ).fetchall()
    ]
    columns = {name.removeprefix("_"): name for name in kinds}
    replaced = ", ".join(
        f"case when map_contains(later.was, '{field}') then later.was['{field}']::{kinds[columns[field]]} "
        f'else row."{columns[field]}" end as "{columns[field]}"'
        for field in changed
        if field in columns
    )
    made = "where row.created_at is null or row.created_at <= getvariable('now')" if "created_at" in kinds else ""
    return f"""
        with first_later as (
            select entity_id, field, arg_min({{'value': old_value}}, valid_from).value as value
            from "{home}".raw.crm__history
            where entity = '{_ENTITIES[table]}' and valid_from > getvariable('now')
            group by all
        ),
        later as (select entity_id, map_from_entries(list((field, value))) as was from first_later group by entity_id)
        select row.* {f"replace ({replaced})" if replaced else ""}
        from "{home}".raw.{table} as row
        left join later on later.entity_id = row.{key}
        {made}
    """  # noqa: S608 -- names of our own columns only


def _watched_since(connection: Any, home: str) -> datetime | None:
    there = {name for (name,) in _raw_tables(connection, home)}
    moments = [
        connection.execute(f'select min({column}) from "{home}".raw.{table}').fetchone()[0]  # noqa: S608 -- our own names
        for table, column in _FIRST_KNOWN
        if table in there
    ]
    return min((moment for moment in moments if moment is not None), default=None)
