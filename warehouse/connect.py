"""The only door to DuckDB: UTC, our functions registered, schemas ready."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import cast

import duckdb
import phonenumbers
from duckdb.func import SPECIAL
from email_validator import EmailNotValidError, validate_email

from core.errors import TransientError
from core.lake import Lake
from warehouse import lake
from warehouse.transaction import in_transaction

_RAW_DDL = Path(__file__).parent / "models" / "raw"
_MACROS = Path(__file__).parent / "macros.sql"
SCHEMAS = ("raw", "staging", "marts")
# Where a number without its country code is dialled.
_REGIONS = {
    "Thailand": "TH",
    "Singapore": "SG",
    "Hong Kong": "HK",
    "Vietnam": "VN",
    "Indonesia": "ID",
    "United Arab Emirates": "AE",
    "Maldives": "MV",
    "Malaysia": "MY",
    "Japan": "JP",
    "Philippines": "PH",
    "Cambodia": "KH",
    "Myanmar": "MM",
    "Laos": "LA",
    "China": "CN",
    "Taiwan": "TW",
    "India": "IN",
}


@lru_cache(maxsize=200_000)
def e164(text: str | None, country: str | None) -> str | None:
    """Return a phone number in E.164, read as dialled in ``country``; None when it is none."""
    try:
        number = phonenumbers.parse(text or "", _REGIONS.get(country or ""))
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_possible_number(number):
        return None
    return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))


@lru_cache(maxsize=200_000)
def valid_email(text: str | None) -> bool:
    """Say whether an address could be written to, by its syntax."""
    try:
        validate_email(text or "", check_deliverability=False, test_environment=True)
    except EmailNotValidError:
        # Names under .example and .test are kept for documentation and tests; they are well formed.
        return text is not None and text.endswith((".example", ".test")) and text.isascii() and text.count("@") == 1
    return True


@contextmanager
def connect(path: Path | Lake, *, read_only: bool = False) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open the warehouse, a file or a lake, in UTC with our functions.

    Raises TransientError while another process writes the file, or while the lake does not answer.
    """
    connection = lake.attach(path) if isinstance(path, Lake) else _open_file(path, read_only=read_only)
    with with_functions(connection):
        yield connection


def _open_file(path: Path, *, read_only: bool) -> duckdb.DuckDBPyConnection:
    if not read_only:
        path.parent.mkdir(parents=True, exist_ok=True)
    try:
        return duckdb.connect(str(path), read_only=read_only)
    except duckdb.IOException as error:
        message = f"the warehouse is in use by another process: try again when it is done ({error})"
        raise TransientError(message) from error


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
        connection.execute(_MACROS.read_text())
        yield
    finally:
        connection.close()


def prepare(connection: duckdb.DuckDBPyConnection) -> None:
    """Make the schemas and the raw tables that campaigns write."""
    in_transaction(connection, lambda: _make_schemas_and_tables(connection))


def _make_schemas_and_tables(connection: duckdb.DuckDBPyConnection) -> None:
    for schema in SCHEMAS:
        connection.execute(f"create schema if not exists {schema}")
    for path in sorted(_RAW_DDL.glob("*.sql")):
        connection.execute(path.read_text())
