"""Fixtures every folder's tests share: a clock that stands, a real store in both databases, a server that listens."""

import gzip
import importlib
import os
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import settings
from xdist.scheduler import LoadFileScheduling

from bench import postgres
from core import telemetry
from core.store.engine import open_store

_LOOK_AT_THE_WORLD = frozenset({"test_journey.py", "test_numbers.py", "test_pages.py", "test_stopping.py"})
_MAIN = sys.modules["__main__"]
settings.register_profile("long", max_examples=200, deadline=None)


class Schedule(LoadFileScheduling):
    """A file's tests stay in one process; so do all that look at one world, which takes minutes to live."""

    def _split_scope(self, nodeid: str) -> str:
        file = super()._split_scope(nodeid)
        return "the world" if Path(file).name in _LOOK_AT_THE_WORLD else file


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Schedule | None:
    """Let ``--dist loadfile`` know the world."""
    return Schedule(config, log) if config.getvalue("dist") == "loadfile" else None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes longest, so that no process is alone with it at the end."""
    items.sort(key=lambda item: "/journey/" not in item.nodeid)


@pytest.fixture(autouse=True, scope="session")
def the_test_process_tells_nothing() -> None:
    """Leave logs and metrics of this process alone when a test plays a Dagster run in it."""
    telemetry._Begun.pid = os.getpid()


@pytest.fixture(autouse=True)
def main_stays_main() -> Iterator[None]:
    """Put the main module back: Streamlit's tests leave their script there, and a spawned process would run it."""
    yield
    sys.modules["__main__"] = _MAIN


@pytest.fixture
def now() -> datetime:
    """Monday 2 March 2026, 10:00 in Bangkok."""
    return datetime(2026, 3, 2, 3, 0, tzinfo=UTC)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """Start a PostgreSQL of our own and return a URL with ``{name}`` for the database."""
    if not postgres.is_installed():
        pytest.skip("PostgreSQL is not installed: install it (Debian: apt-get install postgresql) to run this test")
    with postgres.server() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[sa.Engine]:
    """Give an empty store, once in SQLite and once in PostgreSQL."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path / 'store.db'}"
    else:
        url = postgres.new_database(request.getfixturevalue("postgres_server"), f"t{abs(hash(str(tmp_path)))}")
    engine = open_store(url)
    yield engine
    engine.dispose()


@pytest.fixture
def sqlite_store(tmp_path: Path) -> Iterator[sa.Engine]:
    """Give an empty SQLite store, for tests that are not about the database."""
    engine = open_store(f"sqlite:///{tmp_path / 'store.db'}")
    yield engine
    engine.dispose()


def _unpacked(body: bytes, encoding: str) -> bytes:
    if encoding == "br":  # Sentry's client takes it where some other package brought it along
        return bytes(importlib.import_module("brotli").decompress(body))
    return gzip.decompress(body) if encoding == "gzip" else body


@pytest.fixture
def listener() -> Iterator[tuple[str, list[tuple[str, bytes]]]]:
    """A server on loopback that takes whatever is posted: its address, and the (path, unpacked body) pairs."""
    taken: list[tuple[str, bytes]] = []

    class Taking(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            taken.append((self.path, _unpacked(body, self.headers.get("content-encoding", ""))))
            self.send_response(200)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_args: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Taking)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"127.0.0.1:{server.server_port}", taken
    server.shutdown()
