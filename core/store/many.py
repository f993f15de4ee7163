"""Many rows in one statement: they go in as one JSON text and come back as one.

Row by row, SQLite's driver lets the interpreter's lock go at each, and a thread that shares the process with a busy
event loop waits up to 5 ms to have it back: a group of 200 deliveries would take seconds.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

# What a template may name: ``{given}`` are the rows given, ``given.value ->> 0`` the first field of each.
_WORDS = {
    "sqlite": {
        "given": "json_each(:rows) as given",
        "keys": "select value from json_each(:rows)",
        "time": "text",
        "json": "text",
        "body": "cast(given.value ->> {0} as blob)",
        "list": "json_group_array(json_array({0}))",
    },
    "postgresql": {
        "given": "json_array_elements(cast(:rows as json)) as given(value)",
        "keys": "select value from json_array_elements_text(cast(:rows as json)) as given(value)",
        "time": "timestamptz",
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
    return json.loads(found)  # type: ignore[no-any-return]


def _as_text(rows: list[Any]) -> str:
    text = json.dumps(rows, ensure_ascii=False)
    if "\\u0000" in text:  # PostgreSQL keeps no such character, SQLite ends a text there
        return json.dumps(_clean(rows), ensure_ascii=False)
    try:
        text.encode()
    except UnicodeEncodeError:  # half a character, which JSON can name and no text can hold
        return json.dumps(_clean(rows), ensure_ascii=False)
    return text


def _clean(value: Any) -> Any:
    if isinstance(value, str):
        return value.replace("\0", "\ufffd").replace("\\u0000", "\\ufffd").encode("utf-8", "replace").decode()
    if isinstance(value, list | tuple):
        return [_clean(each) for each in value]
    return value
