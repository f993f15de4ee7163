"""Many rows by one call: SQLite's driver runs a statement row after row, PostgreSQL one statement over a JSON text."""

from collections.abc import Iterable, Sequence
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

# How PostgreSQL reads a field of a row, and what SQLite's driver takes as it is.
_READ = {
    "text": "value ->> {0}",
    "integer": "cast(value ->> {0} as integer)",
    "bigint": "cast(value ->> {0} as bigint)",
    "time": "to_timestamp(cast(value ->> {0} as double precision))",
    "json": "cast(value ->> {0} as json)",
    # Bytes come together beside the JSON text, which has where a row's begin and how many they are.
    "bytes": "substring(cast(%s as bytea) from cast(value -> {0} ->> 0 as integer) "
    "for cast(value -> {0} ->> 1 as integer))",
}
_JSON_ROWS = {
    "sqlite": "(select {0} from json_each(?))",
    "postgresql": "(select {0} from jsonb_array_elements(cast(%s as jsonb)) as rows (value))",
}


class Put:
    """A statement that writes by rows; ``given`` stands in it for a row, with the fields' names and kinds as told."""

    def __init__(self, statement: str, **fields: str) -> None:
        read = ", ".join(f"{_READ[kind].format(place)} as {name}" for place, (name, kind) in enumerate(fields.items()))
        self._statements = {
            "sqlite": statement.format(
                given="(select {}) as given".format(", ".join(f"? as {name}" for name in fields))
            ),
            "postgresql": statement.format(given=f"{_JSON_ROWS['postgresql'].format(read)} as given"),
        }

    def put(self, connection: sa.Connection, rows: Iterable[Sequence[Any]]) -> int:
        """Write rows of texts, numbers and nulls; returns how many rows of the table changed."""
        name = connection.dialect.name
        if name == "sqlite":
            return int(_run(connection, self._statements[name], _as_rows(list(rows)), by_rows=True).rowcount)
        return int(_run(connection, self._statements[name], (_as_text(list(rows)),)).rowcount)


class Insert:
    """An insert that leaves rows with an existing ``key`` alone and returns columns of the new ones.

    At most one field is ``bytes``.
    """

    def __init__(self, table: str, key: str, returned: str, **fields: str) -> None:
        names = ", ".join(fields)
        read = ", ".join(_READ[kind].format(place) for place, kind in enumerate(fields.values()))
        insert = f"insert into {table} ({names})"
        leave = f"on conflict ({key}) do nothing"
        self._has_bytes = "bytes" in fields.values()
        self._from_json = f"{insert} {_JSON_ROWS['postgresql'].format(read)[1:-1]} {leave} returning {returned}"
        self._from_row = f"{insert} values ({', '.join('?' * len(fields))}) {leave}"
        self._newest = f"select coalesce(max(rowid), 0) from {table}"  # noqa: S608 -- our names
        self._newer = f"select {returned} from {table} where rowid > ?"  # noqa: S608

    def put(self, connection: sa.Connection, rows: Sequence[Sequence[Any]]) -> Sequence[Sequence[Any]]:
        """Insert rows and return what is new of them, in no order."""
        if connection.dialect.name == "postgresql":
            apart = [b"".join(value for row in rows for value in row if isinstance(value, bytes))]
            return _all(_run(connection, self._from_json, (*apart[: self._has_bytes], _as_text(rows))))
        # One writer at a time, from BEGIN IMMEDIATE on: what is newer is ours.
        newest = _all(_run(connection, self._newest))[0]
        _run(connection, self._from_row, _as_rows(rows), by_rows=True)
        return _all(_run(connection, self._newer, newest))


class Find:
    """A question about rows; ``given`` stands in it for them, with the fields' names as told, all of them texts."""

    def __init__(self, question: str, *fields: str) -> None:
        read = ", ".join(f"value ->> {place} as {name}" for place, name in enumerate(fields))
        self._questions = {
            name: question.format(given=f"{rows.format(read)} as given") for name, rows in _JSON_ROWS.items()
        }

    def find(self, connection: sa.Connection, rows: Iterable[Sequence[Any]]) -> Sequence[Sequence[Any]]:
        """Return what there is."""
        return _all(_run(connection, self._questions[connection.dialect.name], (_as_text(list(rows)),)))


def _run(connection: sa.Connection, statement: str, values: Sequence[Any] = (), *, by_rows: bool = False) -> Any:
    """Run a statement by the driver itself and return its cursor: SQLAlchemy's way there costs as much as ten rows.

    What watches the connection sees it, and what goes wrong is raised, as by SQLAlchemy's way.
    """
    if not connection.in_transaction():
        connection.begin()
    cursor = connection.connection.cursor()
    for tell in connection.dispatch.before_cursor_execute:
        tell(connection, cursor, statement, values, None, by_rows)
    driver: Any = connection.dialect.loaded_dbapi
    try:
        (cursor.executemany if by_rows else cursor.execute)(statement, values)
    except driver.Error as error:
        raise DBAPIError.instance(
            statement, None, error, driver.Error, hide_parameters=True, dialect=connection.dialect
        ) from error
    return cursor


def _all(cursor: Any) -> Sequence[Sequence[Any]]:
    found: Sequence[Sequence[Any]] = cursor.fetchall()
    return found


# No text can hold half a character, which JSON can name, and PostgreSQL's none the character 0.
def _as_text(rows: Sequence[Sequence[Any]]) -> str:
    try:
        text = orjson.dumps(rows, default=_Places())
    except TypeError:
        return orjson.dumps(_clean(rows), default=_Places()).decode()
    return (orjson.dumps(_clean(rows), default=_Places()) if b"\\u0000" in text else text).decode()


def _as_rows(rows: Sequence[Sequence[Any]]) -> Sequence[Sequence[Any]]:
    try:
        is_clean = b"\\u0000" not in orjson.dumps(rows, default=_nothing)
    except TypeError:
        is_clean = False
    cleaned: Sequence[Sequence[Any]] = rows if is_clean else _clean(rows)
    return cleaned


class _Places:
    """Says where bytes stand among all that were asked for: the first one's place, from 1 on, and how many they are."""

    def __init__(self) -> None:
        self._next = 1

    def __call__(self, value: bytes) -> tuple[int, int]:
        place, self._next = self._next, self._next + len(value)
        return place, len(value)


def _nothing(_value: bytes) -> None:
    return None


def _clean(value: Any) -> Any:
    if isinstance(value, str):
        return value.replace("\0", "\ufffd").replace("\\u0000", "\\ufffd").encode("utf-8", "replace").decode()
    if isinstance(value, list | tuple):
        return [_clean(each) for each in value]
    return value
