"""A copy of the store as of one moment, taken while others write: a file of SQLite, tables of PostgreSQL."""

import gzip
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.exc import DatabaseError

import core.store.access_tables
import core.store.address_tables
import core.store.definition_tables
import core.store.report_tables
import core.store.tables  # noqa: F401 -- the tables that metadata knows
from core.errors import PermanentError
from core.store.columns import metadata
from core.store.engine import MIGRATIONS, connect_store, migrate

_FILE = "store.db"
_CHUNK = 1 << 20
_OTHERS = """
    select count(*) from pg_stat_activity
    where datname = current_database() and pid <> pg_backend_pid() and backend_type = 'client backend'
"""
After = Callable[[sa.Connection], None]


def copy(engine: sa.Engine, folder: Path) -> dict[str, Any]:
    """Write the store into ``folder`` and return its facts: ``dialect``, ``revision``, ``rows`` by table.

    All of it is as of one moment; nobody who writes has to wait.
    """
    folder.mkdir(mode=0o700, parents=True)
    return (_copy_sqlite if engine.dialect.name == "sqlite" else _copy_postgresql)(engine, folder)


def _copy_sqlite(engine: sa.Engine, folder: Path) -> dict[str, Any]:
    path = folder / _FILE
    path.touch(mode=0o600)
    with closing(sqlite3.connect(str(engine.url.database), timeout=30)) as source, closing(sqlite3.connect(path)) as to:
        source.backup(to)  # in one step, which is one transaction that reads: in WAL mode it hinders nobody
        to.execute("pragma journal_mode=delete")  # one file, whole without a log beside it
        (found,) = to.execute("pragma integrity_check").fetchone()
        if found != "ok":
            raise PermanentError(
                f"the store is damaged: {found}. Recover it with sqlite3's .recover, or restore a backup"
            )
    copied = sa.create_engine(f"sqlite:///{path}")
    with copied.connect() as connection:
        facts = _facts(connection)
    copied.dispose()
    return facts


def _copy_postgresql(engine: sa.Engine, folder: Path) -> dict[str, Any]:
    with engine.connect().execution_options(isolation_level="REPEATABLE READ") as connection:
        facts = _facts(connection)
        facts["columns"] = {name: _columns(connection, name) for name in facts["rows"]}
        cursor = connection.connection.cursor()
        for name, columns in facts["columns"].items():
            query = f"copy {name} ({', '.join(columns)}) to stdout"
            with gzip.open(folder / f"{name}.copy.gz", "wb", compresslevel=1) as file, cursor.copy(query) as rows:
                for part in rows:
                    file.write(part)
    return facts


def _facts(connection: sa.Connection) -> dict[str, Any]:
    there = set(sa.inspect(connection).get_table_names())
    names = [table.name for table in metadata.sorted_tables if table.name in there]
    rows = {name: connection.execute(sa.text(f"select count(*) from {name}")).scalar_one() for name in names}  # noqa: S608 -- names of ours
    revision = MigrationContext.configure(connection).get_current_revision()
    return {"dialect": connection.dialect.name, "revision": revision, "rows": rows}


def _columns(connection: sa.Connection, table: str) -> list[str]:
    return [f'"{column["name"]}"' for column in sa.inspect(connection).get_columns(table)]


def holds_data(engine: sa.Engine) -> bool:
    """Say whether any table has a row."""
    path = engine.url.database
    if engine.dialect.name == "sqlite" and not (path and Path(path).exists()):
        return False
    try:
        with engine.connect() as connection:
            return any(_facts(connection)["rows"].values())
    except DatabaseError:
        return True  # what cannot be read may be worth a look


def refuse_if_used(engine: sa.Engine) -> None:
    """Raise PermanentError while another process has the store open. Ours must have given back its connections."""
    advice = "stop worker, gateway, Dagster and dashboard (`bma up` too), then restore again"
    if engine.dialect.name == "sqlite":
        path = Path(str(engine.url.database))
        if not path.exists():
            return
        with closing(sqlite3.connect(path, timeout=0, isolation_level=None)) as alone:
            try:  # only who is alone with a database may leave WAL mode; whoever opens it next enters it again
                alone.execute("pragma journal_mode=delete")
            except sqlite3.OperationalError as error:
                raise PermanentError(f"another process has {path} open: {advice}") from error
            except sqlite3.DatabaseError:
                return  # nobody can work with what is no database
        return
    with engine.connect() as connection:
        if count := connection.exec_driver_sql(_OTHERS).scalar_one():
            raise PermanentError(f"{count} connections to the store's database are open: {advice}")


def refuse_unknown(facts: dict[str, Any], engine: sa.Engine) -> None:
    """Raise PermanentError for a backup of the other database, or one whose schema is newer than this code."""
    if facts["dialect"] != engine.dialect.name:
        raise PermanentError(f"the backup is of {facts['dialect']}, BMA_STORE_URL names {engine.dialect.name}")
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    known = {revision.revision for revision in ScriptDirectory.from_config(config).walk_revisions()}
    if facts["revision"] not in known:
        raise PermanentError(
            f"the backup's schema is {facts['revision']}, this version knows {max(known)}: update first"
        )


def replace(folder: Path, facts: dict[str, Any], engine: sa.Engine, *, aside: str, after: After) -> None:
    """Put the backup in the store's place, brought to the newest schema and with what ``after`` does to it, at once.

    Whenever this is interrupted the store is the old one or the new one. A file that was there stays beside the new
    one, its name ended by ``aside``; PostgreSQL's old rows are gone. Call ``refuse_if_used`` first.
    """
    replacing = _replace_sqlite if engine.dialect.name == "sqlite" else _replace_postgresql
    replacing(folder, facts, engine, aside, after)


def _replace_sqlite(folder: Path, _facts: dict[str, Any], engine: sa.Engine, aside: str, after: After) -> None:
    path = Path(str(engine.url.database))
    path.parent.mkdir(parents=True, exist_ok=True)
    made = path.with_name(f"{path.name}.restoring")
    for left in path.parent.glob(f"{made.name}*"):
        left.unlink()  # of a restore that was interrupted
    made.touch(mode=0o600)
    shutil.copyfile(folder / _FILE, made)
    new = connect_store(f"sqlite:///{made}")
    migrate(new)
    with new.begin() as connection:
        after(connection)
    new.dispose()
    refuse_if_used(new)  # leaves WAL mode: everything is in the one file
    for log in (path.with_name(f"{path.name}-wal"), path.with_name(f"{path.name}-shm")):
        if log.exists():  # of a database that is gone: it must not be read into this one
            log.rename(log.with_name(f"{log.name}.{aside}"))
    if path.exists():
        path.with_name(f"{path.name}.{aside}").hardlink_to(path)
    made.replace(path)


def _replace_postgresql(folder: Path, facts: dict[str, Any], engine: sa.Engine, _aside: str, after: After) -> None:
    migrate(engine)
    with engine.begin() as connection:
        _fill(connection, folder, facts)
        after(connection)


def _fill(connection: sa.Connection, folder: Path, facts: dict[str, Any]) -> None:
    there = [table.name for table in metadata.sorted_tables]
    connection.exec_driver_sql(f"truncate {', '.join(there)} restart identity")
    cursor = connection.connection.cursor()
    for name, columns in facts["columns"].items():
        query = f"copy {name} ({', '.join(columns)}) from stdin"
        with _unzipped(folder / f"{name}.copy.gz") as parts, cursor.copy(query) as rows:
            for part in parts:
                rows.write(part)
    for table in metadata.sorted_tables:
        for column in table.primary_key.columns:
            if column.autoincrement is True:
                newest = f"(select coalesce(max({column.name}), 0) + 1 from {table.name})"  # noqa: S608 -- names of ours
                sequence = f"pg_get_serial_sequence('{table.name}', '{column.name}')"
                connection.exec_driver_sql(f"select setval({sequence}, {newest}, false)")
    _bring_up(connection, facts["revision"])


def _bring_up(connection: sa.Connection, revision: str) -> None:
    """Let the migrations since the backup see its rows, in the same transaction."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    command.stamp(config, revision)
    command.upgrade(config, "head")


@contextmanager
def _unzipped(path: Path) -> Iterator[Iterator[bytes]]:
    with gzip.open(path, "rb") as file:
        yield iter(lambda: file.read(_CHUNK), b"")
