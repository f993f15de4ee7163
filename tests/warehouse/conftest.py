"""A warehouse with every raw table there is, empty or with a small story in it."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import duckdb
import pytest
import sqlalchemy as sa

import core.store.access_tables
import core.store.definition_tables
import core.store.report_tables
import core.store.tables  # noqa: F401 -- the tables that metadata knows
from core.store.columns import metadata
from pipelines.crm.tables import TABLES
from pipelines.journal import judgements
from pipelines.journal.source import LOADS
from pipelines.journal.source import TABLES as JOURNAL_TABLES
from warehouse.connect import connect, prepare

_CRM_TYPES = {
    "text": "VARCHAR",
    "json": "VARCHAR",
    "date": "DATE",
    "time": "TIMESTAMPTZ",
    "bool": "BOOLEAN",
    "int": "BIGINT",
    "money": "DECIMAL(14, 2)",
    "float": "DOUBLE",
}
_JOURNAL = (
    "messages",
    "events",
    "suppressions",
    "channel_addresses",
    "conversations",
    "campaigns",
    "campaign_runs",
    "templates",
    "holds",
    "lanes",
    "transactional_sends",
)


def _journal_type(column: sa.Column[Any]) -> str:
    for kind, name in (
        (sa.Float, "DOUBLE"),
        (sa.Integer, "BIGINT"),
        (sa.Numeric, "DECIMAL(12, 4)"),
        (sa.JSON, "VARCHAR"),
        (sa.Text, "VARCHAR"),
    ):
        if isinstance(column.type, kind):
            return name
    return "TIMESTAMPTZ"


def add(connection: duckdb.DuckDBPyConnection, table: str, row: Mapping[str, Any]) -> None:
    """Insert one row into a raw table; columns not given are null."""
    names = ", ".join(row)
    connection.execute(f"insert into raw.{table} ({names}) values ({', '.join('?' * len(row))})", list(row.values()))


@pytest.fixture
def warehouse(tmp_path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """Every raw table, empty."""
    with connect(tmp_path / "warehouse.duckdb") as connection:
        make_raw_tables(connection)
        yield connection


def make_raw_tables(connection: duckdb.DuckDBPyConnection) -> None:
    """Make every raw table that is not there yet, empty."""
    prepare(connection)
    shapes = {table: {name: _CRM_TYPES[kind] for name, kind in columns.items()} for table, columns in TABLES.items()}
    for table in _JOURNAL:
        columns = metadata.tables[table].columns
        shapes[f"journal__{table}"] = {column.name: _journal_type(column) for column in columns}
    loads = JOURNAL_TABLES[LOADS]
    shapes[LOADS] = {name: _CRM_TYPES[kind] for name, kind in loads.items()}
    shapes[judgements.TABLE] = {name: _CRM_TYPES[kind] for name, kind in judgements.COLUMNS.items()}
    for table, shape in shapes.items():
        listed = ", ".join(f'"{name}" {kind}' for name, kind in shape.items())
        connection.execute(f"create table if not exists raw.{table} ({listed})")
