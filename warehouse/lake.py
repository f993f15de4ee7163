"""A lake: opened at its newest state or at one snapshot, released for readers, followed by each host, kept tidy."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import duckdb

from core import duck
from core.errors import HouseError, PermanentError, TransientError
from core.lake import CATALOG, Lake
from warehouse.functions import with_functions
from warehouse.publish import Version, newest, publish
from warehouse.transaction import in_transaction

# Longer than the longest query, load, build or copy: what one of these still reads or has just written stays.
GRACE = timedelta(hours=6)
_RELEASES = Path(__file__).parent / "lake_releases.sql"


@dataclass(frozen=True)
class Release:
    """A state of ``marts`` that kept its promises: the lake's snapshot, and when it was published (UTC)."""

    snapshot: int
    published_at: datetime


@dataclass(frozen=True)
class Tidied:
    """What keeping a lake tidy came to: small files merged away, snapshots forgotten, files deleted."""

    merged_files: int
    expired_snapshots: int
    deleted_files: int


def attach(lake: Lake, *, snapshot: int | None = None) -> duckdb.DuckDBPyConnection:
    """Open a lake as the default catalog, read-only at a ``snapshot`` if given.

    Raises TransientError when its catalog does not answer or the snapshot is gone, SettingsError when an extension is
    missing.
    """
    connection = duckdb.connect()
    try:
        for statement in (*lake.statements(snapshot=snapshot), f"use {CATALOG}"):
            connection.execute(statement)
    except (duckdb.IOException, duckdb.InvalidInputException) as error:
        connection.close()
        raise TransientError(f"the lake cannot be opened, try again later: {error}") from error
    return connection


def release(connection: duckdb.DuckDBPyConnection, published_at: datetime) -> Release:
    """Record the lake's newest snapshot as the one that readers of every host should have."""
    ((snapshot,),) = connection.execute(f"select id from {CATALOG}.current_snapshot()").fetchall()  # noqa: S608 -- a name of ours
    made = Release(int(snapshot), published_at)

    def record() -> None:
        connection.execute(_RELEASES.read_text())
        connection.execute("insert into raw.warehouse__releases values (?, ?)", [made.snapshot, made.published_at])

    in_transaction(connection, record)
    return made


def newest_release(connection: duckdb.DuckDBPyConnection) -> Release | None:
    """Return the release that readers should have; None when nothing was published."""
    try:
        found = connection.execute(
            "select snapshot_id, published_at from raw.warehouse__releases order by snapshot_id desc limit 1"
        ).fetchone()
    except duckdb.CatalogException:
        return None
    return Release(*found) if found else None


def follow(lake: Lake, serve_dir: Path) -> Version | None:
    """Copy the newest release's ``marts`` for this host's readers; None when they have it already.

    Every host's copy has the same name and the same rows: those of the release's snapshot.
    """
    with attach(lake) as connection:
        connection.execute("set timezone = 'UTC'")
        wanted = newest_release(connection)
    standing = newest(serve_dir)
    if wanted is None or (standing is not None and standing.published_at >= wanted.published_at):
        return None
    connection = attach(lake, snapshot=wanted.snapshot)
    with with_functions(connection):
        return publish(connection, serve_dir, wanted.published_at)


def move_in(connection: duckdb.DuckDBPyConnection, path: Path, key: str = "") -> dict[str, int]:
    """Copy ``raw`` of a warehouse file into a lake that holds no rows yet, in one transaction; returns rows per table.

    ``key`` is what the file is encrypted with. Staging and marts are built from it. Raises PermanentError when the lake
    holds rows or file and key do not fit, TransientError while another process has the file.
    """
    duck.attach_read_only(connection, path, "file", key=key)
    try:
        return in_transaction(connection, lambda: _copy_raw(connection))
    finally:
        connection.execute("detach file")


def _copy_raw(connection: duckdb.DuckDBPyConnection) -> dict[str, int]:
    tables = "select table_name from duckdb_tables() where database_name = ? and schema_name = 'raw' order by all"
    standing = {name for (name,) in connection.execute(tables, [CATALOG]).fetchall()}
    copied = {}
    for (name,) in connection.execute(tables, ["file"]).fetchall():
        if name in standing and _rows(connection, name):
            raise PermanentError(f"the lake has rows in raw.{name} already: move into an empty one")
        verb = "insert into" if name in standing else "create table"
        connection.execute(f"{verb} raw.{name} {'by name' if name in standing else 'as'} from file.raw.{name}")
        copied[name] = _rows(connection, name)
    return copied


def _rows(connection: duckdb.DuckDBPyConnection, table: str) -> int:
    ((rows,),) = connection.execute(f"select count(*) from raw.{table}").fetchall()  # noqa: S608 -- a name of ours
    return int(rows)


def problems(lake: Lake) -> list[str]:
    """Return what keeps this host from the lake: an extension, the catalog or the bucket; nothing when all answer."""
    try:
        with attach(lake) as connection:
            connection.execute("select count(*) from glob(?)", [f"{lake.data_path}*"])
    except HouseError as error:
        return [str(error)]
    except duckdb.Error as error:
        return [f"the lake's files at {lake.data_path} cannot be listed, see BMA_S3_*: {error}"]
    return []


def tidy(connection: duckdb.DuckDBPyConnection, now: datetime, grace: timedelta) -> Tidied:
    """Merge small files, forget snapshots older than ``grace`` but the newest release, delete files nobody can read.

    A file is deleted one grace after nothing refers to it any more. So ``grace`` is longer than the longest query, load
    or copy: these never miss a file.
    """
    connection.execute(f"call ducklake_flush_inlined_data('{CATALOG}')")
    merged = connection.execute(f"call ducklake_merge_adjacent_files('{CATALOG}')").fetchall()
    connection.execute(f"call ducklake_rewrite_data_files('{CATALOG}')")
    kept = newest_release(connection)
    old = connection.execute(
        f"select snapshot_id from {CATALOG}.snapshots() where snapshot_time < $before and snapshot_id <> $kept",  # noqa: S608 -- a name of ours
        {"before": now - grace, "kept": kept.snapshot if kept else -1},
    ).fetchall()
    if old:
        versions = [snapshot for (snapshot,) in old]
        connection.execute(f"call ducklake_expire_snapshots('{CATALOG}', versions => ?)", [versions])
    deleted = [
        *connection.execute(
            f"call ducklake_cleanup_old_files('{CATALOG}', older_than => $before)", {"before": now - grace}
        ).fetchall(),
        # What a killed writer left: in the bucket, but in no snapshot.
        *connection.execute(
            f"call ducklake_delete_orphaned_files('{CATALOG}', older_than => $before)", {"before": now - grace}
        ).fetchall(),
    ]
    return Tidied(len(merged), len(old), len(deleted))
