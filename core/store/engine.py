"""Opening the store: one engine per process, SQLite tuned for durability, schema by Alembic."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any

import sqlalchemy as sa
from alembic import command
from alembic.config import Config

_as_json = partial(json.dumps, ensure_ascii=False, separators=(",", ":"))
MIGRATIONS = Path(__file__).parent / "migrations"
# A host that falls silent in the middle of a transaction must not hold its locks longer than a lane's lease (60 s), and
# a worker must notice before that the server is silent. Seconds or milliseconds, as libpq and PostgreSQL want them.
_SERVER_GIVES_UP = {
    "idle_in_transaction_session_timeout": 45_000,
    "lock_timeout": 30_000,
    "tcp_user_timeout": 15_000,
    "tcp_keepalives_idle": 10,
    "tcp_keepalives_interval": 5,
    "tcp_keepalives_count": 2,
}
_CLIENT_GIVES_UP = {
    "connect_timeout": 5,
    "tcp_user_timeout": 15_000,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 2,
}


def open_store(url: str) -> sa.Engine:
    """Return an engine for ``url`` (``sqlite:///…`` or ``postgresql+psycopg://…``) with the schema up to date.

    SQLite runs in WAL mode with ``synchronous=FULL``: what is committed survives a power loss.
    """
    engine = connect_store(url)
    migrate(engine)
    return engine


def connect_store(url: str, *, planner: Mapping[str, str] = MappingProxyType({})) -> sa.Engine:
    """Return an engine without touching the schema. Its errors name no values: they may be contact details.

    ``planner`` are settings for PostgreSQL's sessions.
    """
    if url.startswith("postgresql://"):
        url = url.replace("postgresql://", "postgresql+psycopg://", 1)
    if not url.startswith("sqlite"):
        options = " ".join(f"-c {name}={value}" for name, value in {**_SERVER_GIVES_UP, **planner}.items())
        patience = {**_CLIENT_GIVES_UP, "options": options}
        return sa.create_engine(
            url, pool_pre_ping=True, hide_parameters=True, connect_args=patience, json_serializer=_as_json
        )
    path = sa.make_url(url).database
    if path and path != ":memory:":
        Path(path).parent.mkdir(parents=True, exist_ok=True)
    waits: dict[str, Any] = {"timeout": 30, "check_same_thread": False}
    engine = sa.create_engine(url, connect_args=waits, hide_parameters=True, json_serializer=_as_json)
    sa.event.listen(engine, "connect", _tune_sqlite)
    sa.event.listen(engine, "begin", _begin_immediate)
    return engine


def _tune_sqlite(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # we say BEGIN ourselves, below
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "busy_timeout=30000", "foreign_keys=ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_immediate(connection: sa.Connection) -> None:
    # A transaction that reads first and writes later would fail with SQLITE_BUSY instead of waiting.
    mode = "DEFERRED" if connection.get_execution_options().get("read_only") else "IMMEDIATE"
    connection.exec_driver_sql(f"BEGIN {mode}")


@contextmanager
def reading(engine: sa.Engine) -> Iterator[sa.Connection]:
    """Open a connection that only reads, so that it never waits for a writer."""
    with engine.connect().execution_options(read_only=True) as connection:
        yield connection


def migrate(engine: sa.Engine) -> None:
    """Bring the schema to the newest revision; safe when several processes start at once."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            connection.exec_driver_sql("SELECT pg_advisory_xact_lock(7265738)")
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
