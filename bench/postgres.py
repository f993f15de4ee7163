"""A PostgreSQL of our own, on a Unix socket in a folder that goes away with it."""

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa

_BIN = sorted(Path("/usr/lib/postgresql").glob("*/bin"))


def _tool(name: str) -> str | None:
    return shutil.which(name) or next((str(path / name) for path in _BIN if (path / name).exists()), None)


def is_installed() -> bool:
    """Whether this machine has the programs."""
    return bool(_tool("initdb") and _tool("pg_ctl"))


@contextmanager
def server(*options: str) -> Iterator[str]:
    """Run a server and give a URL with ``{name}`` for the database; ``options`` are settings, ``name=value``.

    Raises FileNotFoundError when PostgreSQL is not installed.
    """
    initdb, pg_ctl = _tool("initdb"), _tool("pg_ctl")
    if not initdb or not pg_ctl:
        raise FileNotFoundError("PostgreSQL is not installed (Debian: apt-get install postgresql)")
    with tempfile.TemporaryDirectory(prefix="bma-pg-") as folder:
        home = Path(folder)
        home.chmod(0o777)
        as_postgres = ["runuser", "-u", "postgres", "--"] if Path.home() == Path("/root") else []
        data = str(home / "data")
        make = [*as_postgres, initdb, "-D", data, "-U", "bma", "-A", "trust", "-E", "UTF8"]
        subprocess.run(make, check=True, capture_output=True, cwd="/")
        settings = ("listen_addresses=''", f"unix_socket_directories={home}", *(options or ("fsync=off",)))
        asked = " ".join(f"-c {setting}" for setting in settings)
        start = [*as_postgres, pg_ctl, "-D", data, "-w", "-l", str(home / "log"), "-o", asked, "start"]
        subprocess.run(start, check=True, stdout=subprocess.DEVNULL, cwd="/")
        try:
            yield f"postgresql+psycopg://bma@/{{name}}?host={home}"
        finally:
            stop = [*as_postgres, pg_ctl, "-D", data, "-m", "immediate", "stop"]
            subprocess.run(stop, check=False, capture_output=True, cwd="/")


def new_database(url: str, name: str) -> str:
    """Make a database on a server and return its URL."""
    admin = sa.create_engine(url.format(name="postgres"), isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.exec_driver_sql(f'create database "{name}"')
    admin.dispose()
    return url.format(name=name)
