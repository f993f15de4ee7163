"""A promise is a query that must return nothing."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import duckdb

from warehouse.build import build
from warehouse.catalog import Model, read_models
from warehouse.transaction import in_transaction


@dataclass(frozen=True)
class CheckResult:
    """One promise of a model, the query that would show who breaks it, and how many rows do."""

    name: str
    sql: str
    broken_rows: int

    @property
    def is_ok(self) -> bool:
        """Whether the promise is kept."""
        return self.broken_rows == 0


def promises(model: Model) -> Iterator[tuple[str, str]]:
    """Yield (name, query) for every promise of a model's header. Names come from our own files, not from users."""
    address = model.address
    for column in model.not_null:
        yield f"{address}.{column} is never null", f"select * from {address} where {column} is null"  # noqa: S608 -- our own file
    for columns in model.unique:
        query = f"select {columns} from {address} group by all having count(*) > 1"  # noqa: S608 -- our own file
        yield f"{address}: {columns} is unique", query
    for column, values in model.accepted:
        listed = ", ".join(f"'{value}'" for value in values)
        yield f"{address}.{column} is one of {listed}", f"select * from {address} where {column} not in ({listed})"  # noqa: S608 -- our own file
    for claim in model.asserts:
        yield f"{address}: {claim}", f"select * from {address} where not ({claim})"  # noqa: S608 -- our own file


def run_checks(connection: duckdb.DuckDBPyConnection, model: Model) -> list[CheckResult]:
    """Ask every promise of a model."""
    results = []
    for name, sql in promises(model):
        (broken,) = connection.execute(f"select count(*) from ({sql})").fetchone() or (0,)  # noqa: S608 -- our own file
        results.append(CheckResult(name, sql, int(broken)))
    return results


def check_all(connection: duckdb.DuckDBPyConnection, now: datetime) -> list[CheckResult]:
    """Ask every promise of every model at one moment and leave the answers in ``marts.checks``; returns them."""
    return in_transaction(connection, lambda: _check_all(connection, now))


def _check_all(connection: duckdb.DuckDBPyConnection, now: datetime) -> list[CheckResult]:
    found = [(model, result) for model in read_models() for result in run_checks(connection, model)]
    rows = [(str(model.address), result.name, result.broken_rows, now) for model, result in found]
    connection.execute("delete from raw.warehouse__checks")
    connection.executemany("insert into raw.warehouse__checks values (?, ?, ?, ?)", rows)
    build(connection, now=now, select={"marts.checks"})
    return [result for _, result in found]
