"""The only door to DuckDB: UTC, our functions registered, schemas ready."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from core.duck import open_file
from core.lake import Lake
from warehouse import lake
from warehouse.functions import with_functions
from warehouse.transaction import in_transaction

_RAW_DDL = Path(__file__).parent / "models" / "raw"
SCHEMAS = ("raw", "staging", "marts")


@contextmanager
def connect(path: Path | Lake, *, key: str = "", read_only: bool = False) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open the warehouse, a lake or a file, in UTC with our functions; ``key`` is what the file is encrypted with.

    Raises TransientError while another process writes the file or the lake does not answer, PermanentError when the key
    does not fit.
    """
    if isinstance(path, Lake):
        connection = lake.attach(path)
    else:
        if not read_only:
            path.parent.mkdir(parents=True, exist_ok=True)
        connection = open_file(path, key=key, read_only=read_only)
    with with_functions(connection):
        yield connection


def prepare(connection: duckdb.DuckDBPyConnection) -> None:
    """Make the schemas and the raw tables that campaigns write."""
    in_transaction(connection, lambda: _make_schemas_and_tables(connection))


def _make_schemas_and_tables(connection: duckdb.DuckDBPyConnection) -> None:
    for schema in SCHEMAS:
        connection.execute(f"create schema if not exists {schema}")
    for path in sorted(_RAW_DDL.glob("*.sql")):
        connection.execute(path.read_text())
