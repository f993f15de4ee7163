"""How a DuckDB file is opened, by whoever opens one: as it is, or by the key it is encrypted with.

DuckDB opens an encrypted file, or one in an instance of its own, only by attaching it to an empty connection; ``use``
then makes it the one that ``raw.x`` and ``marts.y`` mean, so that no query needs to know.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path

import duckdb

from core.errors import PermanentError, TransientError

CATALOG = "warehouse"  # what a file is attached as


def open_file(path: Path, *, key: str = "", read_only: bool = False, alone: bool = False) -> duckdb.DuckDBPyConnection:
    """Open a file, encrypted if there is a key; a new one is made unless it is only read. The zone is UTC.

    ``alone`` opens it in an instance of its own: else all of a process share one, and its settings, by the path.
    Raises PermanentError when file and key do not fit, TransientError while another process has the file.
    """
    with _explained(path):
        connection = (
            _attached(path, key, read_only=read_only)
            if key or alone
            else duckdb.connect(str(path), read_only=read_only)
        )
    connection.execute("set global timezone = 'UTC'")  # for cursors, too
    return connection


def session(connection: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection:
    """Return a cursor for another thread that sees the same file: DuckDB's own forgets ``use``."""
    cursor = connection.cursor()
    if cursor.execute("select 1 from duckdb_databases() where database_name = ?", [CATALOG]).fetchone():
        cursor.execute(f"use {CATALOG}")
    return cursor


def attach(connection: duckdb.DuckDBPyConnection, path: Path, name: str, *, key: str = "") -> None:
    """Attach a second file for writing, encrypted if there is a key."""
    if key:
        connection.execute(f"load {openssl()}")
    connection.execute(attaching(path, name, key=key))


def attach_read_only(connection: duckdb.DuckDBPyConnection, path: Path, name: str, *, key: str = "") -> None:
    """Attach a second file for reading, encrypted if there is a key; raises as ``open_file`` does."""
    with _explained(path):
        connection.execute(attaching(path, name, key=key, read_only=True))


def attaching(path: Path, name: str = CATALOG, *, key: str = "", read_only: bool = False) -> str:
    """Return the statement that attaches a file. It holds the key: neither log nor show it."""
    options = [f"encryption_key {quoted(key)}"] * bool(key) + ["read_only"] * read_only
    return f"attach {quoted(str(path))} as {name}" + (f" ({', '.join(options)})" if options else "")


def openssl() -> str:
    """Return, quoted, the extension to load before writing encrypted: DuckDB's own cipher only reads.

    It comes with a package, so nothing is fetched.
    """
    return quoted(
        str(files("duckdb_extension_httpfs") / "extensions" / f"v{duckdb.__version__}" / "httpfs.duckdb_extension")
    )


def spilling(path: Path) -> dict[str, str]:
    """Return the settings by which what does not fit into memory is as unreadable as the encrypted file."""
    return {"temp_directory": f"{path.absolute()}.tmp", "temp_file_encryption": "true"}


def quoted(text: str) -> str:
    """Return a text as SQL writes it."""
    return "'" + text.replace("'", "''") + "'"


def _attached(path: Path, key: str, *, read_only: bool) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    try:
        for name, value in spilling(path).items() if key else ():
            connection.execute(f"set {name} = {quoted(value)}")
        if not read_only:
            connection.execute(f"load {openssl()}")
        connection.execute(attaching(path, key=key, read_only=read_only))
        connection.execute(f"use {CATALOG}")
    except duckdb.Error:
        connection.close()
        raise
    return connection


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    """Say of a file that cannot be opened what to do about it."""
    try:
        yield
    except duckdb.IOException as error:
        raise TransientError(
            f"the warehouse is in use by another process: try again when it is done ({error})"
        ) from error
    except duckdb.Error as error:
        if said := _what_is_wrong(path, str(error)):
            raise PermanentError(said) from error
        raise


def _what_is_wrong(path: Path, error: str) -> str | None:
    """Return what to do when file and key do not fit."""
    if "Wrong encryption key" in error:
        return f"BMA_WAREHOUSE_KEY is not the key that {path} is encrypted with: set the one it was written with"
    if "without a key" in error:
        return f"{path} is encrypted: set BMA_WAREHOUSE_KEY to the key it was written with"
    if "is not encrypted" in error:
        return f"BMA_WAREHOUSE_KEY is set and {path} is not encrypted yet: stop everything and run `bma encrypt`"
    return None
