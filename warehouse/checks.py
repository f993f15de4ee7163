"""A promise is a query that must return nothing."""

from collections.abc import Iterator
from dataclasses import dataclass

import duckdb

from warehouse.catalog import Model


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
