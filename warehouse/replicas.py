"""Replicas: two files that hold ``marts`` as the last build left it, so that publishing is copying a file.

One holds everything, the other never held a contact detail. What changed in a table since it was replicated is known by
its comment (incremental.py): the same revision is left alone; a table that only followed the journal since gets its
touched rows; any other is written whole. Nobody reads a replica: readers have copies, which are never written again.
A replica lives for a day at most, so that what was deleted is not in a copy's unused blocks for longer. One that cannot
be opened or brought up to date is deleted, and written anew the next time.
"""

import hashlib
import json
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb

from core.duck import attach
from warehouse.catalog import CONTACT_DETAILS, Model, read_models
from warehouse.incremental import name_touched, read_comments, write_comment
from warehouse.lock import held
from warehouse.transaction import in_transaction

_HIDDEN = "'•••'"


@dataclass(frozen=True)
class _Change:
    """A table whose replica is not as it: what it says of itself now, and what its replica has taken in if only touched
    rows differ.
    """

    model: Model
    comment: Mapping[str, Any] | None
    is_replicated: bool
    taken: Mapping[str, int] | None = None


@contextmanager
def kept_up(
    connection: duckdb.DuckDBPyConnection,
    serve_dir: Path,
    now: datetime,
    key: str = "",
    select: Collection[str] | None = None,
) -> Iterator[tuple[Path, Path]]:
    """Bring the replicas up to date, encrypted if there is a key, and hold them: the full one and the masked one.

    With ``select`` (``layer.table``) only these tables are brought up to date.
    """
    with _folder(serve_dir) as folder:
        full, masked = (folder / f"{name}-{_edition(now)}.replica" for name in ("full", "masked"))
        for path in folder.glob("*.replica"):
            if path not in (full, masked):
                _delete(path)
        _keep_up(connection, full, key, select, is_masked=False)
        _keep_up(connection, masked, key, select, is_masked=True)
        yield full, masked


def forget(serve_dir: Path) -> None:
    """Delete the replicas: the next ones are written anew."""
    with _folder(serve_dir) as folder:
        for path in folder.glob("*.replica"):
            _delete(path)


@contextmanager
def _folder(serve_dir: Path) -> Iterator[Path]:
    """Hold the folder of the replicas, which only the publisher may read; in ``serve_dir``, so that copies may be by
    reference.
    """
    folder = serve_dir / "replicas"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with held(folder, "replicas.lock"):
        yield folder


def published_models() -> list[Model]:
    """Return the models whose tables readers get."""
    return [model for model in read_models() if model.address.layer == "marts" and not model.is_private]


def _edition(now: datetime) -> str:
    """Return the day, and a word for what tables and columns there are, which of them are hidden, and DuckDB."""
    columns = {str(model.address): list(model.columns) for model in published_models()}
    rules = json.dumps([columns, sorted(CONTACT_DETAILS), _HIDDEN, duckdb.__version__])
    return f"{now:%Y%m%d}-{hashlib.sha256(rules.encode()).hexdigest()[:8]}"


def _keep_up(
    connection: duckdb.DuckDBPyConnection, path: Path, key: str, select: Collection[str] | None, *, is_masked: bool
) -> None:
    models = [model for model in published_models() if select is None or str(model.address) in select]
    if not models:
        return
    try:
        attach(connection, path, "replica", key=key)
    except duckdb.Error:  # damaged, or written with another key
        _delete(path)
        attach(connection, path, "replica", key=key)
    try:
        if _is_worn(connection, _changes(connection, models)):
            connection.execute("detach replica")
            _delete(path)
            attach(connection, path, "replica", key=key)
        if in_transaction(connection, lambda: _write(connection, models, is_masked=is_masked)):
            connection.execute("checkpoint replica")
        connection.execute("detach replica")
    except BaseException:
        connection.execute("detach database if exists replica")
        _delete(path)
        raise


def _changes(connection: duckdb.DuckDBPyConnection, models: list[Model]) -> list[_Change]:
    """Return the tables whose replica is of another revision, or of none that anybody knows."""
    standing, replicated = read_comments(connection), read_comments(connection, "replica")
    changes = []
    for model in models:
        now, then = standing.get(model.address), replicated.get(model.address)
        if now is None or then is None:
            changes.append(_Change(model, now, is_replicated=then is not None))
        elif then["revisions"][-1] != now["revisions"][-1]:
            follows = model.key is not None and then["revisions"][-1] in now["revisions"]
            changes.append(_Change(model, now, is_replicated=True, taken=then["taken"] if follows else None))
    return changes


def _is_worn(connection: duckdb.DuckDBPyConnection, changes: list[_Change]) -> bool:
    """Say whether to begin a new file: a large table has to be written whole, or half of the file is unused."""
    if any(change.model.key and change.is_replicated and change.taken is None for change in changes):
        return True
    sizes = "select free_blocks, used_blocks from pragma_database_size() where database_name = 'replica'"
    ((free, used),) = connection.execute(sizes).fetchall()
    return bool(free > used)


def _write(connection: duckdb.DuckDBPyConnection, models: list[Model], *, is_masked: bool) -> bool:
    """Make the replica's tables equal to ours; return whether there was anything to do."""
    connection.execute("create schema if not exists replica.marts")
    changes = _changes(connection, models)
    for change in changes:
        shown = _shown(change.model) if is_masked else "*"
        if change.taken is None:
            _write_whole(connection, change.model, shown)
        else:
            _write_touched(connection, change.model, change.taken, shown)
        if change.comment is not None:
            write_comment(connection, f"replica.{change.model.address}", change.comment)
    edited = _edited(connection, models)
    for model in edited:
        _write_whole(connection, model, _shown(model) if is_masked else "*")
    return bool(changes or edited)


def _write_whole(connection: duckdb.DuckDBPyConnection, model: Model, shown: str) -> None:
    connection.execute(f"create or replace table replica.{model.address} as select {shown} from {model.address}")  # noqa: S608 -- names of ours


def _write_touched(connection: duckdb.DuckDBPyConnection, model: Model, taken: Mapping[str, int], shown: str) -> None:
    """Write rows anew that loads above ``taken`` may have changed. They are a table's last: a build puts them there."""
    if not name_touched(connection, model, taken):
        return
    is_touched = f"{model.key} in (select key from touched)"  # noqa: S608 -- names of ours
    connection.execute(f"delete from replica.{model.address} where {is_touched}")  # noqa: S608 -- names of ours
    ((first,),) = connection.execute(f"select min(rowid) from {model.address} where {is_touched}").fetchall()  # noqa: S608 -- names of ours
    if first is not None:
        rows = f"select {shown} from {model.address} where rowid >= ? and {is_touched}"  # noqa: S608 -- names of ours
        connection.execute(f"insert into replica.{model.address} {rows}", [first])


def _edited(connection: duckdb.DuckDBPyConnection, models: list[Model]) -> list[Model]:
    """Return the tables with more rows than their replica, or fewer: somebody other than a build wrote them."""
    count = "(select count(*) from {0}) <> (select count(*) from replica.{0})"
    counts = ", ".join(count.format(model.address) for model in models)
    (differs,) = connection.execute(f"select {counts}").fetchall() if models else ((),)
    return [model for model, is_edited in zip(models, differs, strict=True) if is_edited]


def _shown(model: Model) -> str:
    hidden = sorted(CONTACT_DETAILS & model.columns.keys())
    return f"* replace ({', '.join(_mask(column) for column in hidden)})" if hidden else "*"


def _mask(column: str) -> str:
    """Keep only whether there was something: part of a short address is the whole of it."""
    return f"case when {column} is not null then {_HIDDEN} end as {column}"


def _delete(path: Path) -> None:
    """Delete a replica: first its write-ahead log, which must never meet another file of that name."""
    for log in path.parent.glob(f"{path.name}.wal*"):
        log.unlink(missing_ok=True)
    path.unlink(missing_ok=True)
