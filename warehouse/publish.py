"""Publishing: a versioned copy of ``marts`` for readers, who never meet a writer, a lock or half a build."""

import json
import os
import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

import duckdb

from core.duck import open_file
from core.errors import PermanentError, TransientError
from warehouse.checks import CheckResult, check_all
from warehouse.replicas import kept_up

Interrupted = duckdb.InterruptException
_POINTER = "newest.json"
_REFUSAL = "refused.json"
_KEEP = 3
_COPIED_AT_ONCE = 2**30  # bytes


@dataclass(frozen=True)
class Version:
    """One published state: the full copy, the copy without contact details, and when it was made (UTC)."""

    name: str
    path: Path
    masked_path: Path
    published_at: datetime


def publish(connection: duckdb.DuckDBPyConnection, serve_dir: Path, now: datetime, key: str = "") -> Version:
    """Bring the replicas of ``marts`` up to date, copy them and point readers to the copies; keeps the last three.

    They are encrypted if there is a key.
    """
    serve_dir.mkdir(parents=True, exist_ok=True)
    for abandoned in serve_dir.glob("*.partial"):
        abandoned.unlink(missing_ok=True)  # a publisher that was killed
    name = _free_name(serve_dir, now)
    version = Version(name, serve_dir / f"warehouse-{name}.duckdb", serve_dir / f"masked-{name}.duckdb", now)
    with kept_up(connection, serve_dir, now, key) as (full, masked):
        _copy(full, version.path)
        _copy(masked, version.masked_path)
    pointer = {
        "name": name,
        "path": version.path.name,
        "masked_path": version.masked_path.name,
        "published_at": now.isoformat(),
    }
    _replace(serve_dir / _POINTER, json.dumps(pointer))
    (serve_dir / _REFUSAL).unlink(missing_ok=True)
    for pattern in ("warehouse-*.duckdb", "masked-*.duckdb"):
        for old in sorted(serve_dir.glob(pattern), key=lambda path: path.stat().st_mtime_ns)[:-_KEEP]:
            old.unlink(missing_ok=True)
    return version


def _free_name(serve_dir: Path, now: datetime) -> str:
    """Name a version by its time, never as one before it: DuckDB gives an old file to whoever still holds its path."""
    base = now.strftime("%Y%m%dT%H%M%S%f")
    return next(
        name
        for name in (base, *(f"{base}-{number}" for number in range(2, 10_000)))
        if not (serve_dir / f"warehouse-{name}.duckdb").exists()
    )


def publish_checked(connection: duckdb.DuckDBPyConnection, serve_dir: Path, now: datetime, key: str = "") -> Version:
    """Publish if every promise is kept, else leave word of it for readers, who keep the copy before.

    Raises PermanentError naming each broken promise, its rows, and the query that shows them.
    """
    broken = [result for result in check_all(connection, now) if result.is_error]
    if not broken:
        return publish(connection, serve_dir, now, key)
    refuse(serve_dir, broken, now)
    raise PermanentError(f"not published, the copy before stays: {'; '.join(map(str, broken))}")


def refuse(serve_dir: Path, broken: Sequence[CheckResult], now: datetime) -> None:
    """Leave word for readers that a newer build is not published, and which rows are why."""
    serve_dir.mkdir(parents=True, exist_ok=True)
    refusal = {"refused_at": now.isoformat(), "broken": [asdict(result) for result in broken]}
    _replace(serve_dir / _REFUSAL, json.dumps(refusal))


def last_refusal(serve_dir: Path) -> tuple[datetime, list[CheckResult]] | None:
    """Return when a build newer than the published copy was refused and why; None when there is none."""
    try:
        refusal = json.loads((serve_dir / _REFUSAL).read_text())
    except FileNotFoundError:
        return None
    broken = [CheckResult(**{**result, "sample": tuple(result["sample"])}) for result in refusal["broken"]]
    return datetime.fromisoformat(refusal["refused_at"]), broken


def newest(serve_dir: Path) -> Version | None:
    """Return the version readers should open, or None when nothing was published."""
    try:
        pointer = json.loads((serve_dir / _POINTER).read_text())
    except FileNotFoundError:
        return None
    return Version(
        pointer["name"],
        serve_dir / pointer["path"],
        serve_dir / pointer["masked_path"],
        datetime.fromisoformat(pointer["published_at"]),
    )


def open_published(path: Path, key: str = "") -> duckdb.DuckDBPyConnection:
    """Open a published copy for reading: no files, no network, no changed settings, whoever else of us reads it.

    Raises PermanentError when the key does not fit.
    """
    connection = open_file(path, key=key, read_only=True, alone=True)
    connection.execute("set enable_external_access = false")
    connection.execute("set lock_configuration = true")
    return connection


def open_newest(serve_dir: Path, key: str = "") -> tuple[Version, duckdb.DuckDBPyConnection]:
    """Open the newest copy without contact details.

    Raises PermanentError when nothing is published or the key does not fit.
    """
    while True:
        version = newest(serve_dir)
        if version is None:
            raise PermanentError("nothing is published yet: see `bma publish`")
        try:
            return version, open_published(version.masked_path, key)
        except TransientError:
            if version.masked_path.exists():
                raise
            # So many were published since we looked that this one is gone.


def _copy(replica: Path, path: Path) -> None:
    """Copy a file, whole or not at all."""
    partial = path.with_suffix(".partial")
    try:
        with replica.open("rb") as source, partial.open("wb") as target:
            # By reference where the file system can.
            while os.copy_file_range(source.fileno(), target.fileno(), _COPIED_AT_ONCE):
                pass
    except (AttributeError, OSError):  # not with this system or file system
        shutil.copyfile(replica, partial)
    with partial.open("rb") as file:
        os.fsync(file.fileno())
    partial.rename(path)


def _replace(path: Path, text: str) -> None:
    partial = path.with_suffix(".partial")
    with partial.open("w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)
