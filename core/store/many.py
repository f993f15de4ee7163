"""Many rows in one statement: they go in as one JSON text and come back as one.

Row by row, SQLite's driver lets the interpreter's lock go at each, and a thread that shares the process with a busy
event loop waits up to 5 ms to have it back: a group of 200 deliveries would take seconds.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import orjson
import sqlalchemy as sa

# What a template may name: ``{given}`` are the rows given, ``given.value ->> 0`` the first field of each.
_WORDS = {
    "sqlite": {
        "given": "json_each(:rows) as given",
        "keys": "select value from json_each(:rows)",
        "time": "text",
        "short_time": "integer",
        "json": "text",
        "body": "cast(given.value ->> {0} as blob)",
        "list": "json_group_array(json_array({0}))",
    },
    "postgresql": {
        "given": "json_array_elements(cast(:rows as json)) as given(value)",
        "keys": "select value from json_array_elements_text(cast(:rows as json)) as given(value)",
        "time": "timestamptz",
        "short_time": "timestamptz",
        "json": "json",
        "body": "convert_to(given.value ->> {0}, 'UTF8')",
        "list": "cast(coalesce(json_agg(json_build_array({0})), '[]') as text)",
    },
}
Statements = Mapping[str, sa.TextClause]


def statements(template: str, **more: Mapping[str, str]) -> Statements:
    """Return a template's statement for each dialect; ``{body[2]}`` and ``{list[a, b]}`` take what stands between."""
    return {
        dialect: sa.text(template.format(**{name: _Word(word) for name, word in words.items()}, **_of(more, dialect)))
        for dialect, words in _WORDS.items()
    }


def _of(more: Mapping[str, Mapping[str, str]], dialect: str) -> dict[str, str]:
    return {name: words[dialect] for name, words in more.items()}


class _Word(str):
    __slots__ = ()

    def __getitem__(self, inner: Any) -> str:
        return self.format(inner)


def put(
    connection: sa.Connection, made: Statements, rows: Iterable[Sequence[Any]], **values: Any
) -> sa.CursorResult[Any]:
    """Run a statement over rows of texts, numbers and nulls."""
    return connection.execute(made[connection.dialect.name], {"rows": _as_text(list(rows)), **values})


def find(connection: sa.Connection, made: Statements, rows: Iterable[Any], **values: Any) -> list[list[Any]]:
    """Return what a statement selects as ``{list[…]}``."""
    found = connection.execute(made[connection.dialect.name], {"rows": _as_text(list(rows)), **values}).scalar_one()
    return orjson.loads(found)  # type: ignore[no-any-return]


class Insert:
    """An insert that leaves existing rows alone and returns columns of the new ones."""

    def __init__(self, table: str, columns: str, selected: str, returned: str) -> None:
        insert = f"insert into {table} ({columns}) {selected} on conflict do nothing"
        self._insert = statements(insert)
        self._and_tell = statements(
            f"with new as ({insert} returning {returned}) select {{list[{returned}]}} from new"  # noqa: S608
        )
        self._newest = sa.text(f"select coalesce(max(rowid), 0) from {table}")  # noqa: S608
        self._newer = statements(f"select {{list[{returned}]}} from {table} where rowid > :newest")  # noqa: S608

    def put(self, connection: sa.Connection, rows: Iterable[Sequence[Any]], **values: Any) -> list[list[Any]]:
        """Insert rows and return what is new of them."""
        if connection.dialect.name == "postgresql":
            return find(connection, self._and_tell, rows, **values)
        # One writer at a time, from BEGIN IMMEDIATE on: what is newer is ours.
        newest = connection.execute(self._newest).scalar_one()
        put(connection, self._insert, rows, **values)
        return find(connection, self._newer, (), newest=newest)


def _as_text(rows: list[Any]) -> str:
    try:
        text = orjson.dumps(rows).decode()
    except TypeError:  # half a character, which JSON can name and no text can hold
        return orjson.dumps(_clean(rows)).decode()
    # PostgreSQL keeps no such character, SQLite ends a text there.
    return orjson.dumps(_clean(rows)).decode() if "\\u0000" in text else text


def _clean(value: Any) -> Any:
    if isinstance(value, str):
        return value.replace("\0", "\ufffd").replace("\\u0000", "\\ufffd").encode("utf-8", "replace").decode()
    if isinstance(value, list | tuple):
        return [_clean(each) for each in value]
    return value
