"""A PostgreSQL of our own, on a Unix socket in a folder that goes away with it, and on an address if one is given."""

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

MISSING = "PostgreSQL is not installed: install it (Debian: apt-get install postgresql)"
PORT = 5432
_BIN = sorted(Path("/usr/lib/postgresql").glob("*/bin"))


def _tool(name: str) -> str | None:
    return shutil.which(name) or next((str(path / name) for path in _BIN if (path / name).exists()), None)


def is_installed() -> bool:
    """Whether this machine has the programs."""
    return bool(_tool("initdb") and _tool("pg_ctl"))


@dataclass(frozen=True)
class Server:
    """A running server: ``url`` (with ``{name}`` for the database) goes through its socket."""

    home: Path
    asked: str

    @property
    def url(self) -> str:
        """Where this machine's processes reach it, whatever network they are in."""
        return f"postgresql+psycopg://bma@/{{name}}?host={self.home}"

    def url_at(self, address: str) -> str:
        """Where the processes of other hosts reach it."""
        return f"postgresql+psycopg://bma@{address}:{PORT}/{{name}}"

    def start(self) -> None:
        """Start it, and return when it answers."""
        self._control("-w", "-l", str(self.home / "log"), "-o", self.asked, "start")

    def stop(self, mode: str = "fast") -> None:
        """Stop it: ``fast`` ends every connection in order, ``immediate`` is a crash."""
        self._control("-w", "-m", mode, "stop")

    def _control(self, *words: str) -> None:
        command = [*_as_postgres(), str(_tool("pg_ctl")), "-D", str(self.home / "data"), *words]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/")


def _as_postgres() -> list[str]:
    return ["runuser", "-u", "postgres", "--"] if Path.home() == Path("/root") else []


@contextmanager
def running(*options: str, network: str = "") -> Iterator[Server]:
    """Run a server; ``options`` are settings, ``name=value``; with a ``network`` of ours it also listens there.

    Raises FileNotFoundError when PostgreSQL is not installed.
    """
    initdb = _tool("initdb")
    if not initdb or not _tool("pg_ctl"):
        raise FileNotFoundError(MISSING)
    with tempfile.TemporaryDirectory(prefix="bma-pg-") as folder:
        home = Path(folder)
        home.chmod(0o777)
        make = [*_as_postgres(), initdb, "-D", str(home / "data"), "-U", "bma", "-A", "trust", "-E", "UTF8"]
        subprocess.run(make, check=True, capture_output=True, cwd="/")
        if network:
            with (home / "data" / "pg_hba.conf").open("a") as rules:
                rules.write(f"host all all {network} trust\n")
        listens = "listen_addresses='*'" if network else "listen_addresses=''"
        settings = (listens, f"unix_socket_directories={home}", f"port={PORT}", *(options or ("fsync=off",)))
        server = Server(home, " ".join(f"-c {setting}" for setting in settings))
        server.start()
        try:
            yield server
        finally:
            stop = [*_as_postgres(), str(_tool("pg_ctl")), "-D", str(home / "data"), "-m", "immediate", "stop"]
            subprocess.run(stop, check=False, capture_output=True, cwd="/")


@contextmanager
def server(*options: str) -> Iterator[str]:
    """Run a server as ``running`` does and give its URL with ``{name}`` for the database."""
    with running(*options) as found:
        yield found.url


def new_database(url: str, name: str) -> str:
    """Make a database on a server and return its URL."""
    admin = sa.create_engine(url.format(name="postgres"), isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.exec_driver_sql(f'create database "{name}"')
    admin.dispose()
    return url.format(name=name)
