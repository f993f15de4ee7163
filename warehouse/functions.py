"""What the SQL of models calls: Python's functions, the macros of ``macros.sql``, and UTC."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, cast

import duckdb
from duckdb.func import SPECIAL

from core.addresses import e164, valid_email

if TYPE_CHECKING:
    from collections.abc import Callable

MACROS = Path(__file__).parent / "macros.sql"


@contextmanager
def with_functions(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Prepare a new connection for our SQL and close it at the end."""
    try:
        connection.execute("set timezone = 'UTC'")
        connection.create_function(
            "e164", cast("Callable[..., str | None]", e164), ["VARCHAR", "VARCHAR"], "VARCHAR", null_handling=SPECIAL
        )
        connection.create_function(
            "valid_email", cast("Callable[..., bool]", valid_email), ["VARCHAR"], "BOOLEAN", null_handling=SPECIAL
        )
        connection.execute(MACROS.read_text())
        yield
    finally:
        connection.close()
