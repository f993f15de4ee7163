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

import duckdb

from core import addresses
from warehouse.catalog import Address, Model

_MACROS = Path(__file__).parent / "macros.sql"


@dataclass(frozen=True)
class Origin:
    """What a table was built from.

    ``generation`` is another word after every whole build; ``upstream`` are those of the models it reads; ``taken`` is
    the highest load number it has taken in, by raw table; ``unnumbered`` counts raw rows without a number, which are
    from before loads were numbered.
    """

    fingerprint: str
    generation: str
    upstream: dict[str, str]
    taken: dict[str, int]
    unnumbered: int


def read_origins(connection: duckdb.DuckDBPyConnection) -> dict[Address, Origin]:
    """Return what tables were built from, of those that say it."""
    found = connection.execute(
        "select schema_name, table_name, comment from duckdb_tables()"
        " where database_name = current_database() and comment is not null"
    ).fetchall()
    return {Address(layer, table): Origin(**json.loads(text)) for layer, table, text in found}


def write_origin(connection: duckdb.DuckDBPyConnection, address: Address, origin: Origin) -> None:
    """Say what a table was built from, in the transaction that built it."""
    text = json.dumps(asdict(origin)).replace("'", "''")  # a comment takes no parameters
    connection.execute(f"comment on table {address} is '{text}'")


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
    return Origin(fingerprint, uuid.uuid4().hex, upstream, taken, unnumbered)


def follow(connection: duckdb.DuckDBPyConnection, model: Model, known: Origin, now: Origin) -> Origin | None:
    """Compute the touched rows again, of a table built from ``known``.

    Returns what the table was built from after that; None when all has to be computed.
    """
    if not _can_follow(known, now):
        return None
    connection.execute(
        "set variable taken = map($names::varchar[], $numbers::bigint[])",
        {"names": list(known.taken), "numbers": list(known.taken.values())},
    )
    connection.execute(f"create or replace temp table touched as\n{model.touched}")
    ((keys,),) = connection.execute("select count(*) from touched").fetchall()
    if keys:
        if "touched_since()" in model.touched_sql and not _say_since(connection):
            return None
        _compute_touched(connection, model)
        if model.fixed and connection.execute(f"from replaced except {_fixed(model)} limit 1").fetchall():
            return None  # a row moved to another message, run or person: its old one is not touched
    if any(_rows(connection, address) != _rows(connection, model.address) for address in model.mirrors):
        return None  # rows are gone from the raw table
    followed = replace(now, generation=known.generation)
    write_origin(connection, model.address, followed)
    return followed


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
    return _MACROS.read_text() + Path(addresses.__file__).read_text() + version("phonenumbers")


def _rows(connection: duckdb.DuckDBPyConnection, address: Address) -> int:
    ((rows,),) = connection.execute(f"select count(*) from {address}").fetchall()  # noqa: S608 -- names of ours
    return int(rows)
