"""What has changed since a table was built: such a table is brought up to date by its touched rows alone.

A model with a ``key`` follows the journal, whose loads are numbered (``_load_number``). Its ``touched`` query names the
keys that loads above the ones it has taken in may have changed; their rows go and are computed again by the same SQL,
whose ``--+`` lines narrow what is read: to those keys, and to rows that are not older than any of them (``since``; a
table keeps rows in the order they came, so most of it is not even read then). A model without a key is left alone while
its SQL and all below it are the same.
What a table was built from is its comment: both change together, and a table that somebody else put there has none and
is built whole.
"""

import hashlib
import json
import uuid
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import duckdb

from core import addresses
from warehouse.catalog import Address, Model
from warehouse.functions import MACROS

# Words for the table as it was, kept to tell whether an older copy of it lacks touched rows only.
_REVISIONS = 48


@dataclass(frozen=True)
class Origin:
    """What a table was built from.

    ``generation`` is another word after every whole build; ``upstream`` are those of the models it reads; ``taken`` is
    the highest load number it has taken in, by raw table; ``unnumbered`` counts raw rows without a number, which are
    from before loads were numbered; ``revisions`` has another word for each time rows of it changed since it was built
    whole, newest last.
    """

    fingerprint: str
    generation: str
    upstream: dict[str, str]
    taken: dict[str, int]
    unnumbered: int
    revisions: list[str]


def read_origins(connection: duckdb.DuckDBPyConnection) -> dict[Address, Origin]:
    """Return what tables were built from, of those that say it."""
    said = read_comments(connection).items()
    return {address: Origin(**facts) for address, facts in said if "fingerprint" in facts}


def read_comments(connection: duckdb.DuckDBPyConnection, database: str | None = None) -> dict[Address, dict[str, Any]]:
    """Return what tables of a database, or of the default one, say of themselves."""
    found = connection.execute(
        "select schema_name, table_name, comment from duckdb_tables()"
        " where database_name = coalesce(?, current_database()) and comment is not null",
        [database],
    ).fetchall()
    comments = {Address(layer, table): json.loads(text) for layer, table, text in found}
    # Warehouses of before have tables without revisions.
    return {address: {"revisions": [facts.get("generation")], **facts} for address, facts in comments.items()}


def write_origin(connection: duckdb.DuckDBPyConnection, address: Address, origin: Origin | None) -> None:
    """Say what a table was built from, or only that it is another, in the transaction that built it."""
    write_comment(connection, str(address), asdict(origin) if origin else {"revisions": [uuid.uuid4().hex]})


def write_comment(connection: duckdb.DuckDBPyConnection, table: str, facts: Mapping[str, Any]) -> None:
    """Let a table say something of itself."""
    text = json.dumps(facts).replace("'", "''")  # a comment takes no parameters
    connection.execute(f"comment on table {table} is '{text}'")


def distrust(connection: duckdb.DuckDBPyConnection, address: Address) -> None:
    """Forget what a table was built from, so that the next build makes it whole."""
    connection.execute(f"comment on table {address} is null")


def origin_now(
    connection: duckdb.DuckDBPyConnection, model: Model, standing: Mapping[Address, Origin]
) -> Origin | None:
    """Return what a whole build of a model now is built from; None when nobody can say: it reads the time of the build,
    or a table that may be another at each build.
    """
    upstream: dict[str, str] = {}
    taken: dict[str, int] = {}
    unnumbered = 0
    if "getvariable('now')" in model.sql:
        return None
    for address in model.depends:
        if address.layer == "raw" and not model.key:
            upstream[str(address)] = _content(connection, address)
        elif address.layer == "raw":
            numbers = _numbers(connection, address)
            if numbers is None:
                return None
            taken[address.table], without = numbers
            unnumbered += without
        else:
            above = standing.get(address)
            if above is None or (above.taken and not model.key):
                return None
            upstream[str(address)] = above.generation
            # What a table it reads has not taken in, it has not either.
            for name, number in above.taken.items():
                taken[name] = min(number, taken.get(name, number))
    fingerprint = hashlib.sha256((model.sql + _functions()).encode()).hexdigest()
    generation = uuid.uuid4().hex
    return Origin(fingerprint, generation, upstream, taken, unnumbered, [generation])


def follow(connection: duckdb.DuckDBPyConnection, model: Model, known: Origin, now: Origin) -> Origin | None:
    """Compute the touched rows again, of a table built from ``known``.

    Returns what the table was built from after that; None when all has to be computed.
    """
    if not _can_follow(known, now):
        return None
    keys = name_touched(connection, model, known.taken)
    if keys:
        if "touched_since()" in model.touched_sql and not _say_since(connection):
            return None
        _compute_touched(connection, model)
        if model.fixed and connection.execute(f"from replaced except {_fixed(model)} limit 1").fetchall():
            return None  # a row moved to another message, run or person: its old one is not touched
    if any(_rows(connection, address) != _rows(connection, model.address) for address in model.mirrors):
        return None  # rows are gone from the raw table
    revisions = [*known.revisions, now.generation][-_REVISIONS:] if keys else known.revisions
    followed = replace(now, generation=known.generation, revisions=revisions)
    write_origin(connection, model.address, followed)
    return followed


def name_touched(connection: duckdb.DuckDBPyConnection, model: Model, taken: Mapping[str, int]) -> int:
    """Make the temporary table ``touched``: keys whose rows loads above ``taken`` may have changed; return how many."""
    connection.execute(
        "set variable taken = map($names::varchar[], $numbers::bigint[])",
        {"names": list(taken), "numbers": list(taken.values())},
    )
    connection.execute(f"create or replace temp table touched as\n{model.touched}")
    ((keys,),) = connection.execute("select count(*) from touched").fetchall()
    return int(keys)


def _compute_touched(connection: duckdb.DuckDBPyConnection, model: Model) -> None:
    if model.fixed:
        connection.execute(f"create or replace temp table replaced as {_fixed(model)}")
    connection.execute(f"delete from {model.address} where {model.key} in (select key from touched)")  # noqa: S608 -- our own file
    connection.execute(f"insert into {model.address}\n{model.touched_sql}")


def _fixed(model: Model) -> str:
    columns = ", ".join([str(model.key), *model.fixed])
    return f"select {columns} from {model.address} where {model.key} in (select key from touched)"  # noqa: S608 -- our own file


def _say_since(connection: duckdb.DuckDBPyConnection) -> bool:
    """Set ``touched_since()``; False when a touched row has no time."""
    ((since, is_known),) = connection.execute("select min(since), bool_and(since is not null) from touched").fetchall()
    connection.execute("set variable touched_since = ?::timestamptz", [since])
    return bool(is_known)


def is_same(known: Origin, now: Origin) -> bool:
    """Say whether a table without a key is what a whole build would make of it."""
    return known.fingerprint == now.fingerprint and known.upstream == now.upstream


def _can_follow(known: Origin, now: Origin) -> bool:
    return (
        known.fingerprint == now.fingerprint
        and known.upstream == now.upstream
        and known.unnumbered >= now.unnumbered
        and known.taken.keys() == now.taken.keys()
        and all(known.taken[name] <= now.taken[name] for name in known.taken)
    )


def _numbers(connection: duckdb.DuckDBPyConnection, address: Address) -> tuple[int, int] | None:
    """Return the highest load number of a raw table and how many rows have none; None when loads have no numbers."""
    columns = connection.execute(f"from {address} limit 0").description or []
    if "_load_number" not in {name for name, *_ in columns}:
        return None
    query = f"select coalesce(max(_load_number), 0), count(*) - count(_load_number) from {address}"  # noqa: S608 -- names of ours
    ((newest, unnumbered),) = connection.execute(query).fetchall()
    return int(newest), int(unnumbered)


def _content(connection: duckdb.DuckDBPyConnection, address: Address) -> str:
    """Say what is in a raw table, whatever its loader says about times."""
    query = f"select count(*), sum(hash(source)::hugeint) from {address} as source"  # noqa: S608 -- names of ours
    ((rows, content),) = connection.execute(query).fetchall()
    return f"{rows} {content}"


@cache
def _functions() -> str:
    """Return what the SQL of models calls, as text."""
    return MACROS.read_text() + Path(addresses.__file__).read_text() + version("phonenumbers")


def _rows(connection: duckdb.DuckDBPyConnection, address: Address) -> int:
    ((rows,),) = connection.execute(f"select count(*) from {address}").fetchall()  # noqa: S608 -- names of ours
    return int(rows)
