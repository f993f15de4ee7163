"""The only door to DuckDB: UTC, our functions registered, schemas ready."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import cast

import duckdb
from duckdb.func import SPECIAL

from core.addresses import e164, valid_email
from core.duck import open_file

_RAW_DDL = Path(__file__).parent / "models" / "raw"
_MACROS = Path(__file__).parent / "macros.sql"
SCHEMAS = ("raw", "staging", "marts")


@contextmanager
def connect(path: Path, *, key: str = "", read_only: bool = False) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open the warehouse in UTC with our functions; ``key`` is what it is encrypted with.

    Raises TransientError while another process writes it, PermanentError when the key does not fit.
    """
    if not read_only:
        path.parent.mkdir(parents=True, exist_ok=True)
    connection = open_file(path, key=key, read_only=read_only)
    try:
        connection.create_function(
            "e164", cast("Callable[..., str | None]", e164), ["VARCHAR", "VARCHAR"], "VARCHAR", null_handling=SPECIAL
        )
        connection.create_function(
            "valid_email", cast("Callable[..., bool]", valid_email), ["VARCHAR"], "BOOLEAN", null_handling=SPECIAL
        )
        connection.execute(_MACROS.read_text())
        yield connection
    finally:
        connection.close()


def prepare(connection: duckdb.DuckDBPyConnection) -> None:
    """Make the schemas and the raw tables that campaigns write."""
    for schema in SCHEMAS:
        connection.execute(f"create schema if not exists {schema}")
    for path in sorted(_RAW_DDL.glob("*.sql")):
        connection.execute(path.read_text())
