"""Building: each model becomes a table, after what it depends on.

Those that follow the journal are brought up to date by their touched rows; the result equals that of a whole build.
"""

import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import duckdb

from core.errors import PermanentError
from warehouse.catalog import Address, Model, read_models
from warehouse.incremental import Origin, follow, is_same, origin_now, read_origins, write_origin
from warehouse.transaction import in_transaction

_LOADED_BY = {
    "crm": "bma sync crm",
    "journal": "bma sync journal",
    "campaigns": "bma build",
    "providers": "bma build",
    "files": "bma build",
}


class Mode(StrEnum):
    """How a model was brought up to date."""

    WHOLE = "whole"
    TOUCHED = "touched"
    UNCHANGED = "unchanged"


@dataclass(frozen=True)
class ModelRun:
    """What building one model came to: its rows, and how they were brought up to date."""

    model: Model
    rows: int
    seconds: float
    mode: Mode


def build(
    connection: duckdb.DuckDBPyConnection,
    *,
    now: datetime,
    select: Collection[str] | None = None,
    on_model: Callable[[ModelRun], None] = lambda _run: None,
    is_full: bool = False,
) -> list[ModelRun]:
    """Build all models, or those whose ``layer.table`` is in ``select``, in dependency order.

    Models see ``now`` as ``getvariable('now')``. ``is_full`` computes every row again. Raises PermanentError naming
    the model, or the command that loads a missing raw table; models already built stay.
    """
    connection.execute("set variable now = ?::timestamptz", [now])
    runs = []
    standing = read_origins(connection)
    for model in read_models():
        if select is None or str(model.address) in select:
            started = time.perf_counter()
            mode = _build_one(connection, model, standing, is_full=is_full)
            runs.append(ModelRun(model, _rows(connection, model), time.perf_counter() - started, mode))
            on_model(runs[-1])
    return runs


def _build_one(
    connection: duckdb.DuckDBPyConnection, model: Model, standing: dict[Address, Origin], *, is_full: bool
) -> Mode:
    try:
        return in_transaction(connection, lambda: _bring_up_to_date(connection, model, standing, is_full=is_full))
    except duckdb.CatalogException as error:
        missing = [each for each in model.depends if each.layer == "raw" and each.table in str(error)]
        if not missing:
            raise PermanentError(f"{model.address} cannot be built: {error}") from error
        hint = _LOADED_BY.get(missing[0].table.split("__")[0], "the pipeline that loads it")
        raise PermanentError(f"{model.address} cannot be built: run `{hint}` first ({error})") from error
    except duckdb.Error as error:
        raise PermanentError(f"{model.address} cannot be built: {error}") from error


def _bring_up_to_date(
    connection: duckdb.DuckDBPyConnection, model: Model, standing: dict[Address, Origin], *, is_full: bool
) -> Mode:
    """Build one model from ``standing`` and say in it what it was built from.

    ``standing`` is read once a build. Where another process builds in the same lake it may be older than the tables:
    the next build then does again what needed no doing.
    """
    origin = origin_now(connection, model, standing)
    known = None if is_full else standing.get(model.address)
    if origin and known:
        if model.key and (followed := follow(connection, model, known, origin)):
            standing[model.address] = followed
            return Mode.TOUCHED
        if not model.key and is_same(known, origin):
            return Mode.UNCHANGED
    _make(connection, model)
    standing.pop(model.address, None)
    write_origin(connection, model.address, origin)
    if origin:
        standing[model.address] = origin
    return Mode.WHOLE


def _make(connection: duckdb.DuckDBPyConnection, model: Model) -> None:
    connection.execute(f"create or replace table {model.address} as\n{model.sql}")
    made = [row[0] for row in connection.execute(f"describe {model.address}").fetchall()]
    if made != list(model.columns):
        raise PermanentError(f"{model.address}: the header says {list(model.columns)}, the query gives {made}")


def _rows(connection: duckdb.DuckDBPyConnection, model: Model) -> int:
    (rows,) = connection.execute(f"select count(*) from {model.address}").fetchone() or (0,)  # noqa: S608 -- our own file
    return int(rows)
