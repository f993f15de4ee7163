"""Export: the published marts as Parquet or CSV, one file a table, or one a day for tables that grow by what happens.

A file appears whole or not at all, rows lie in the order of the table's key, and the same version gives the same bytes.
"""

import fcntl
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Literal, get_args

import duckdb

from core.duck import open_file
from core.errors import PermanentError, TransientError
from warehouse.catalog import Model, read_models
from warehouse.publish import Version

Format = Literal["parquet", "csv"]
MANIFEST = "export.json"
_LOCK = ".export.lock"


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What an export should hold: no tables means all; ``since`` leaves the files of earlier days as they are."""

    tables: tuple[str, ...] = ()
    since: date | None = None
    file_format: str = "parquet"
    with_contact_details: bool = False


@dataclass(frozen=True)
class Written:
    """One file of an export, named from the export's folder."""

    path: str
    table: str
    day: date | None
    rows: int
    size_bytes: int


@dataclass(frozen=True)
class _Part:
    model: Model
    day: date | None
    rows: int

    def path(self, file_format: str) -> Path:
        name = self.model.address.table
        return Path(name, f"day={self.day}", f"data.{file_format}") if self.day else Path(f"{name}.{file_format}")


def export(
    version: Version,
    folder: Path,
    wish: Wish,
    *,
    key: str = "",
    on_file: Callable[[int, int, str], None] = lambda *_: None,
) -> list[Written]:
    """Write a published version's tables into ``folder`` and return the files, in the order of their names.

    Files of days that the version has no rows of any more are removed, and ``export.json`` is written last.
    ``key`` is what the version is encrypted with; the files are not. ``on_file`` hears how many files are done, of how
    many, and the name of the last. Raises PermanentError for a table or format that is not there, a folder whose files
    differ in contact details or a wrong key, TransientError while another export writes into the folder.
    """
    if wish.file_format not in get_args(Format):
        raise PermanentError(f"{wish.file_format!r} is no format: say {' or '.join(get_args(Format))}")
    source = version.path if wish.with_contact_details else version.masked_path
    with open_file(source, key=key, read_only=True) as connection:
        models = _models(connection, wish.tables)
        with _alone_in(folder):
            _refuse_mixture(folder, wish)
            parts = [part for model in models for part in _parts(connection, model, wish.since)]
            written = []
            for number, part in enumerate(parts, start=1):
                written.append(_write(connection, part, folder, wish.file_format))
                on_file(number, len(parts), written[-1].path)
            for model in models:
                _remove_days_gone(folder, model, wish, {folder / each.path for each in written})
            _write_manifest(folder / MANIFEST, version, wish, written)
    return written


def export_table(
    version: Version, table: str, path: Path, file_format: Format, *, with_contact_details: bool, key: str = ""
) -> None:
    """Write one published table into one file, in the order of its key. Raises PermanentError for an unknown table."""
    source = version.path if with_contact_details else version.masked_path
    with open_file(source, key=key, read_only=True) as connection:
        (model,) = _models(connection, (table,))
        _write_rows(connection.sql(f"from {model.address} order by {_order(model)}"), path, file_format)


def _order(model: Model) -> str:
    return model.unique[0] if model.unique else "all"


def _write_rows(rows: duckdb.DuckDBPyRelation, path: Path, file_format: str) -> None:
    if file_format == "parquet":
        rows.write_parquet(str(path), compression="zstd")
    else:
        rows.write_csv(str(path), header=True)


def _models(connection: duckdb.DuckDBPyConnection, asked: tuple[str, ...]) -> list[Model]:
    query = "select table_name from information_schema.tables where table_schema = 'marts'"
    published = {name for (name,) in connection.execute(query).fetchall()}
    models = {each.address.table: each for each in read_models() if each.address.layer == "marts"}
    there = {name: models[name] for name in sorted(published & models.keys())}
    names = sorted({name.removeprefix("marts.") for name in asked}) or list(there)
    if unknown := [name for name in names if name not in there]:
        raise PermanentError(f"not published: {', '.join(unknown)}; there are {', '.join(there)}")
    return [there[name] for name in names]


def _parts(connection: duckdb.DuckDBPyConnection, model: Model, since: date | None) -> Iterator[_Part]:
    if model.partition is None:
        found = connection.execute(f"select count(*) from {model.address}").fetchone()  # noqa: S608 -- a name of ours
        yield _Part(model, None, found[0] if found else 0)
        return
    counted = f"""
        select ({model.partition} at time zone 'UTC')::date as day, count(*)
        from {model.address} where $since is null or {model.partition} >= $since::timestamptz
        group by all order by all
    """  # noqa: S608 -- names of ours
    start = datetime(since.year, since.month, since.day, tzinfo=UTC) if since else None
    for day, rows in connection.execute(counted, {"since": start}).fetchall():
        yield _Part(model, day, rows)


def _write(connection: duckdb.DuckDBPyConnection, part: _Part, folder: Path, file_format: str) -> Written:
    path = folder / part.path(file_format)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    if part.day:
        where = f"where {part.model.partition} >= $start and {part.model.partition} < $end"
        start = datetime(part.day.year, part.day.month, part.day.day, tzinfo=UTC)
        bounds = {"start": start, "end": start + timedelta(days=1)}
    else:
        where, bounds = "", None
    rows = connection.sql(f"from {part.model.address} {where} order by {_order(part.model)}", params=bounds)
    _write_rows(rows, partial, file_format)
    with partial.open("rb") as file:
        os.fsync(file.fileno())
    size = partial.stat().st_size
    partial.replace(path)
    return Written(str(path.relative_to(folder)), str(part.model.address), part.day, part.rows, size)


def _refuse_mixture(folder: Path, wish: Wish) -> None:
    """Keep addresses out of a folder that is handed on as one without them."""
    manifest = folder / MANIFEST
    if manifest.exists() and json.loads(manifest.read_text())["with_contact_details"] != wish.with_contact_details:
        kind = "without" if wish.with_contact_details else "with"
        raise PermanentError(f"{folder} holds files {kind} contact details: choose another folder")


def _remove_days_gone(folder: Path, model: Model, wish: Wish, written: set[Path]) -> None:
    """Forget days that have no rows any more: who was erased from the warehouse should not live on in an old file."""
    for path in (folder / model.address.table).glob(f"day=*/data.{wish.file_format}"):
        day = date.fromisoformat(path.parent.name.removeprefix("day="))
        if path not in written and (wish.since is None or day >= wish.since):
            path.unlink()
            if not any(path.parent.iterdir()):
                path.parent.rmdir()


def _write_manifest(path: Path, version: Version, wish: Wish, written: list[Written]) -> None:
    manifest = {
        "version": version.name,
        "published_at": version.published_at.isoformat(),
        "since": wish.since,
        "with_contact_details": wish.with_contact_details,
        "files": [vars(each) for each in written],
    }
    partial = path.with_suffix(".partial")
    partial.write_text(json.dumps(manifest, indent=2, default=str) + "\n")
    partial.replace(path)


@contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    """Keep a second export out of the folder; what a killed one left half is removed."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / _LOCK).open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise TransientError(f"another export writes into {folder}: try again when it is done") from None
        for abandoned in (*folder.glob("*.partial"), *folder.glob("*/day=*/data.partial")):
            abandoned.unlink()
        yield
