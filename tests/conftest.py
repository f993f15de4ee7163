"""Fixtures every folder's tests share: a clock that stands, and a real store in both databases."""

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa

from core.store.engine import open_store

_POSTGRES_BIN = sorted(Path("/usr/lib/postgresql").glob("*/bin"))


@pytest.fixture
def now() -> datetime:
    """Monday 2 March 2026, 10:00 in Bangkok."""
    return datetime(2026, 3, 2, 3, 0, tzinfo=UTC)


def _tool(name: str) -> str | None:
    return shutil.which(name) or next((str(path / name) for path in _POSTGRES_BIN if (path / name).exists()), None)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """Start a PostgreSQL of our own on a Unix socket and return a URL with ``{name}`` for the database."""
    initdb, pg_ctl = _tool("initdb"), _tool("pg_ctl")
    if not initdb or not pg_ctl:
        pytest.skip("PostgreSQL is not installed: install it (Debian: apt-get install postgresql) to run this test")
    with tempfile.TemporaryDirectory(prefix="bma-pg-") as folder:
        home = Path(folder)
        home.chmod(0o777)
        as_postgres = ["runuser", "-u", "postgres", "--"] if Path.home() == Path("/root") else []
        data = home / "data"
        subprocess.run(
            [*as_postgres, initdb, "-D", str(data), "-U", "bma", "-A", "trust", "-E", "UTF8"],
            check=True,
            capture_output=True,
            cwd="/",
        )
        options = f"-c listen_addresses='' -c unix_socket_directories={home} -c fsync=off"
        subprocess.run(
            [*as_postgres, pg_ctl, "-D", str(data), "-w", "-l", str(home / "log"), "-o", options, "start"],
            check=True,
            stdout=subprocess.DEVNULL,
            cwd="/",
        )
        yield f"postgresql+psycopg://bma@/{{name}}?host={home}"
        subprocess.run(
            [*as_postgres, pg_ctl, "-D", str(data), "-m", "immediate", "stop"],
            check=False,
            capture_output=True,
            cwd="/",
        )


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[sa.Engine]:
    """Give an empty store, once in SQLite and once in PostgreSQL."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path / 'store.db'}"
    else:
        server = request.getfixturevalue("postgres_server")
        name = f"t{abs(hash(str(tmp_path)))}"
        admin = sa.create_engine(server.format(name="postgres"), isolation_level="AUTOCOMMIT")
        with admin.connect() as connection:
            connection.exec_driver_sql(f"create database {name}")
        admin.dispose()
        url = server.format(name=name)
    engine = open_store(url)
    yield engine
    engine.dispose()


@pytest.fixture
def sqlite_store(tmp_path: Path) -> Iterator[sa.Engine]:
    """Give an empty SQLite store, for tests that are not about the database."""
    engine = open_store(f"sqlite:///{tmp_path / 'store.db'}")
    yield engine
    engine.dispose()
