"""A promise is a query that must return nothing."""

import json
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from datetime import datetime

import duckdb

from warehouse.build import build
from warehouse.catalog import CONTACT_DETAILS, Model, read_models
from warehouse.incremental import distrust
from warehouse.transaction import in_transaction

SAMPLE_ROWS = 5


@dataclass(frozen=True, kw_only=True)
class Promise:
    """One promise of a model: what it says, the query that shows who breaks it, and whether that stops anything."""

    model: Model
    name: str
    sql: str
    # Columns of the query by which a row is found again.
    keys: tuple[str, ...]
    is_warning: bool = False
    # Another table that the query reads.
    reads: str | None = None


@dataclass(frozen=True, kw_only=True)
class CheckResult:
    """How one look at a promise came out: rows that break it, and the keys of a few of them, never contact details."""

    table: str
    name: str
    sql: str
    severity: str
    broken_rows: int
    sample: tuple[dict[str, str | None], ...] = ()

    @property
    def is_ok(self) -> bool:
        """Whether the promise is kept."""
        return self.broken_rows == 0

    @property
    def is_error(self) -> bool:
        """Whether it is broken in a way that stops what depends on it."""
        return not self.is_ok and self.severity == "error"

    def __str__(self) -> str:
        """Return the promise, how many rows break it, which for example, and the query that shows them."""
        such = f", such as {json.dumps(self.sample, ensure_ascii=False)}" if self.sample else ""
        return f"{self.name} ({self.broken_rows} rows{such}: {self.sql})"


def promises(model: Model) -> Iterator[Promise]:
    """Yield every promise of a model's header. Names come from our own files, not from users."""
    address = model.address
    keys = tuple(column.strip() for column in model.unique[0].split(",")) if model.unique else tuple(model.columns)

    def rows(name: str, where: str) -> Promise:
        return Promise(model=model, name=name, sql=f"select * from {address} where {where}", keys=keys)  # noqa: S608 -- our own file

    for column in model.not_null:
        yield rows(f"{address}.{column} is never null", f"{column} is null")
    for columns in model.unique:
        query = f"select {columns} from {address} group by all having count(*) > 1"  # noqa: S608 -- our own file
        repeated = tuple(column.strip() for column in columns.split(","))
        yield Promise(model=model, name=f"{address}: {columns} is unique", sql=query, keys=repeated)
    for column, values in model.accepted:
        listed = ", ".join(f"'{value}'" for value in values)
        yield rows(f"{address}.{column} is one of {listed}", f"{column} not in ({listed})")
    for claim in model.asserts:
        yield rows(f"{address}: {claim}", f"not ({claim})")
    for column, target, target_column, excuse in model.relations:
        there = f"select 1 from {target} as there where there.{target_column} = here.{column}"  # noqa: S608 -- our own file
        query = f"select * from {address} as here where {column} is not null and not exists ({there})"  # noqa: S608 -- our own file
        name = f"{address}.{column} is in {target}.{target_column}"
        is_warning = excuse is not None
        yield Promise(model=model, name=name, sql=query, keys=keys, is_warning=is_warning, reads=str(target))


def run_checks(
    connection: duckdb.DuckDBPyConnection, model: Model, *, built: Collection[str] | None = None
) -> list[CheckResult]:
    """Ask every promise of a model; with ``built`` only those that read no table but these (``layer.table``).

    A table that breaks one is built whole the next time: its touched rows alone would not mend it.
    """
    results = [
        _ask(connection, promise)
        for promise in promises(model)
        if built is None or promise.reads is None or promise.reads in built
    ]
    if any(result.is_error for result in results):
        distrust(connection, model.address)
    return results


def _ask(connection: duckdb.DuckDBPyConnection, promise: Promise) -> CheckResult:
    (broken,) = connection.execute(f"select count(*) from ({promise.sql})").fetchone() or (0,)  # noqa: S608 -- our own file
    result = CheckResult(
        table=str(promise.model.address),
        name=promise.name,
        sql=promise.sql,
        severity="warning" if promise.is_warning else "error",
        broken_rows=int(broken),
    )
    shown = [column for column in promise.keys if column not in CONTACT_DETAILS]
    if result.is_ok or not shown:
        return result
    query = f"select distinct {', '.join(shown)} from ({promise.sql}) order by all limit {SAMPLE_ROWS}"  # noqa: S608 -- our own file
    found = connection.execute(query).fetchall()
    sample = ({name: _text(value) for name, value in zip(shown, row, strict=True)} for row in found)
    return replace(result, sample=tuple(sample))


def _text(value: object) -> str | None:
    if value is None:
        return None
    return value.isoformat() if isinstance(value, datetime) else str(value)


def check_all(connection: duckdb.DuckDBPyConnection, now: datetime) -> list[CheckResult]:
    """Ask every promise of every model at one moment and leave the answers in ``marts.checks``; returns them."""
    return in_transaction(connection, lambda: _check_all(connection, now))


def _check_all(connection: duckdb.DuckDBPyConnection, now: datetime) -> list[CheckResult]:
    build(connection, now=now, select={"marts.checks"})  # it is asked too, and may be missing or of an older shape
    results = [result for model in read_models() for result in run_checks(connection, model)]
    rows = [
        (
            result.table,
            result.name,
            result.broken_rows,
            now,
            result.severity,
            json.dumps(result.sample, ensure_ascii=False) if result.sample else None,
            result.sql,
        )
        for result in results
    ]
    connection.execute("delete from raw.warehouse__checks")
    connection.executemany("insert into raw.warehouse__checks values (?, ?, ?, ?, ?, ?, ?)", rows)
    build(connection, now=now, select={"marts.checks"})
    return results
