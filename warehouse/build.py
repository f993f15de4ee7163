"""Building: each model becomes a table, after what it depends on."""

import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime

import duckdb

from core.errors import PermanentError
from warehouse.catalog import Model, read_models
from warehouse.transaction import in_transaction

_LOADED_BY = {
    "crm": "bma sync crm",
    "journal": "bma sync journal",
    "campaigns": "bma build",
    "providers": "bma build",
    "files": "bma build",
}


@dataclass(frozen=True)
class ModelRun:
    """What building one model came to."""

    model: Model
    rows: int
    seconds: float


def build(
    connection: duckdb.DuckDBPyConnection,
    *,
    now: datetime,
    select: Collection[str] | None = None,
    on_model: Callable[[ModelRun], None] = lambda _run: None,
) -> list[ModelRun]:
    """Build all models, or those whose ``layer.table`` is in ``select``, in dependency order.

    Models see ``now`` as ``getvariable('now')``. Raises PermanentError naming the model, or the command that
    loads a missing raw table; models already built stay.
    """
    connection.execute("set variable now = ?::timestamptz", [now])
    runs = []
    for model in read_models():
        if select is None or str(model.address) in select:
            started = time.perf_counter()
            rows = _build_one(connection, model)
            runs.append(ModelRun(model, rows, time.perf_counter() - started))
            on_model(runs[-1])
    return runs


def _build_one(connection: duckdb.DuckDBPyConnection, model: Model) -> int:
    try:
        return in_transaction(connection, lambda: _make(connection, model))
    except duckdb.CatalogException as error:
        missing = [each for each in model.depends if each.layer == "raw" and each.table in str(error)]
        if not missing:
            raise PermanentError(f"{model.address} cannot be built: {error}") from error
        hint = _LOADED_BY.get(missing[0].table.split("__")[0], "the pipeline that loads it")
        raise PermanentError(f"{model.address} cannot be built: run `{hint}` first ({error})") from error
    except duckdb.Error as error:
        raise PermanentError(f"{model.address} cannot be built: {error}") from error


def _make(connection: duckdb.DuckDBPyConnection, model: Model) -> int:
    connection.execute(f"create or replace table {model.address} as\n{model.sql}")
    made = [row[0] for row in connection.execute(f"describe {model.address}").fetchall()]
    if made != list(model.columns):
        raise PermanentError(f"{model.address}: the header says {list(model.columns)}, the query gives {made}")
    (rows,) = connection.execute(f"select count(*) from {model.address}").fetchone() or (0,)  # noqa: S608 -- our own file
    return int(rows)
