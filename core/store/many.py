"""Many rows by one call: SQLite's driver runs a statement row after row, PostgreSQL one statement over a JSON text."""

import base64
from collections.abc import Iterable, Sequence
from typing import Any

import orjson
import sqlalchemy as sa

# How PostgreSQL reads a field of a row, and what SQLite's driver takes as it is.
_READ = {
    "text": "value ->> {0}",
    "integer": "cast(value ->> {0} as integer)",
    "bigint": "cast(value ->> {0} as bigint)",
    "time": "cast(value ->> {0} as timestamptz)",
    "json": "cast(value ->> {0} as json)",
    "bytes": "decode(value ->> {0}, 'base64')",
}
_JSON_ROWS = {
    "sqlite": "(select {0} from json_each(?))",
    "postgresql": "(select {0} from jsonb_array_elements(cast(%s as jsonb)) as rows (value))",
}


class Put:
    """A statement that writes by rows; ``given`` stands in it for a row, with the fields' names and kinds as told."""

    def __init__(self, statement: str, **fields: str) -> None:
        read = ", ".join(f"{_READ[kind].format(place)} as {name}" for place, (name, kind) in enumerate(fields.items()))
        self._has_bytes = "bytes" in fields.values()
        self._statements = {
            "sqlite": statement.format(
                given="(select {}) as given".format(", ".join(f"? as {name}" for name in fields))
            ),
            "postgresql": statement.format(given=f"{_JSON_ROWS['postgresql'].format(read)} as given"),
        }

    def put(
        self, connection: sa.Connection, rows: Iterable[Sequence[Any]], returning: str = ""
    ) -> sa.CursorResult[Any]:
        """Write rows of texts, numbers, bytes and nulls; ``returning`` is for PostgreSQL alone."""
        name = connection.dialect.name
        if name == "sqlite":
            return connection.exec_driver_sql(self._statements[name], _as_tuples(list(rows)))
        return connection.exec_driver_sql(self._statements[name] + returning, (_as_text(list(rows)),))


class Insert:
    """An insert that leaves existing rows alone and returns columns of the new ones."""

    def __init__(self, table: str, returned: str, **fields: str) -> None:
        names = ", ".join(fields)
        insert = f"insert into {table} ({names})"
        self._put = Put(f"{insert} select {names} from {{given}} where true on conflict do nothing", **fields)  # noqa: S608 -- our names
        self._returned = returned
        self._newest = f"select coalesce(max(rowid), 0) from {table}"  # noqa: S608 -- our names
        self._newer = f"select {returned} from {table} where rowid > ?"  # noqa: S608

    def put(self, connection: sa.Connection, rows: Sequence[Sequence[Any]]) -> Sequence[Sequence[Any]]:
        """Insert rows and return what is new of them, in no order."""
        if connection.dialect.name == "postgresql":
            return self._put.put(connection, rows, f" returning {self._returned}").all()
        # One writer at a time, from BEGIN IMMEDIATE on: what is newer is ours.
        newest = connection.exec_driver_sql(self._newest).scalar_one()
        self._put.put(connection, rows)
        return connection.exec_driver_sql(self._newer, (newest,)).all()


class Find:
    """A question about rows; ``given`` stands in it for them, with the fields' names as told, all of them texts."""

    def __init__(self, question: str, *fields: str) -> None:
        read = ", ".join(f"value ->> {place} as {name}" for place, name in enumerate(fields))
        self._questions = {
            name: question.format(given=f"{rows.format(read)} as given") for name, rows in _JSON_ROWS.items()
        }

    def find(self, connection: sa.Connection, rows: Iterable[Sequence[Any]]) -> Sequence[Sequence[Any]]:
        """Return what there is."""
        question = self._questions[connection.dialect.name]
        return connection.exec_driver_sql(question, (_as_text(list(rows)),)).all()


# No text can hold half a character, which JSON can name, and PostgreSQL's none the character 0.
def _as_text(rows: list[Sequence[Any]]) -> str:
    try:
        text = orjson.dumps(rows, default=_as_base64)
    except TypeError:
        return orjson.dumps(_clean(rows), default=_as_base64).decode()
    return (orjson.dumps(_clean(rows), default=_as_base64) if b"\\u0000" in text else text).decode()


def _as_tuples(rows: list[Sequence[Any]]) -> list[tuple[Any, ...]]:
    try:
        is_clean = b"\\u0000" not in orjson.dumps(rows, default=_nothing)
    except TypeError:
        is_clean = False
    return [tuple(row) for row in (rows if is_clean else _clean(rows))]


def _as_base64(value: bytes) -> str:
    return base64.b64encode(value).decode()


def _nothing(_value: bytes) -> None:
    return None


def _clean(value: Any) -> Any:
    if isinstance(value, str):
        return value.replace("\0", "\ufffd").replace("\\u0000", "\\ufffd").encode("utf-8", "replace").decode()
    if isinstance(value, list | tuple):
        return [_clean(each) for each in value]
    return value
