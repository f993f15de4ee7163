"""Contact lists from CSV and XLSX files: looked at first, then imported whole as a new version, or not at all."""

import json
import re
import time
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from core.errors import PermanentError, TransientError
from core.lake import Lake
from pipelines import existing
from pipelines.files.mapping import Wish
from pipelines.files.opened import Opened, content_hash, open_list
from pipelines.files.rejects import write_rejects
from pipelines.files.sorting import Sorted, refuse_mostly_wrong, sort
from pipelines.files.tables import CONTACTS, KEYS, LISTS, REJECTS, TABLES
from pipelines.profiles import arrow_table, load_tables, pipeline_for

_LIST_ID = re.compile(r"[a-z0-9][a-z0-9_-]{0,59}")
_VERSION = ("list_id", "version")


@dataclass(frozen=True, kw_only=True)
class Preview:
    """How a file would be read: ``rows`` are the first people, ``reasons`` counts rows not taken by why."""

    encoding: str | None
    separator: str | None
    sheet: str | None
    header_line: int
    mapping: dict[str, str]
    left_over: list[str]
    rows: list[dict[str, Any]]
    row_count: int
    accepted_count: int
    rejected_count: int
    duplicate_count: int
    reasons: dict[str, int]


@dataclass(frozen=True, kw_only=True)
class LoadReport:
    """What an import came to: ``is_new`` is False for a file that is already the list's newest version."""

    list_id: str
    version: int
    is_new: bool
    row_count: int
    accepted_count: int
    rejected_count: int
    duplicate_count: int
    rejects_path: Path | None
    seconds: float


def preview(path: Path, wish: Wish, *, now: datetime) -> Preview:
    """Read a list and say what an import would make of it; writes nothing. Raises PermanentError if it cannot be."""
    _refuse_future(wish, now)
    opened = open_list(path, wish)
    found = sort(opened, wish, {}, _today(now))
    return Preview(
        encoding=opened.encoding,
        separator=opened.separator,
        sheet=opened.sheet,
        header_line=opened.header_line,
        mapping=opened.columns,
        left_over=[name for name in opened.names if name not in opened.columns.values()],
        rows=found.first,
        **_counts(found),
        reasons=dict(found.reasons.most_common()),
    )


def load(
    path: Path,
    list_id: str,
    wish: Wish,
    *,
    data_dir: Path,
    warehouse_path: Path | Lake,
    now: datetime,
    warehouse_key: str = "",
) -> LoadReport:
    """Import a file as the next version of a list into ``raw.files__*``; the same file again changes nothing.

    Rows not taken go to ``<data_dir>/rejects/<list>-<version>.csv`` too. Raises PermanentError (nothing is imported)
    when the file cannot be read or most of its rows are wrong, TransientError while the file or the warehouse is
    being written by another process.
    """
    started = time.perf_counter()
    if not _LIST_ID.fullmatch(list_id):
        raise PermanentError(f"{list_id!r} is no name for a list: use a-z, 0-9, - and _, such as food-expo-2026")
    _refuse_future(wish, now)
    digest = content_hash(path, wish)
    with existing.look(warehouse_path, warehouse_key) as held:
        # A version is whole once its row in LISTS stands, which is written last.
        for table in (CONTACTS, REJECTS):
            held.delete_unowned(table, LISTS, _VERSION)
        newest = max(held.rows_with(LISTS, "list_id", [list_id]), key=lambda row: row["version"], default=None)
    rejects_dir = data_dir / "rejects"
    if newest and newest["content_hash"] == digest:
        return _report(newest, _if_there(rejects_dir / _file_name(newest)), is_new=False, started=started)
    stamp = {"list_id": list_id, "version": newest["version"] + 1 if newest else 1, "_loaded_at": now}
    opened = open_list(path, wish)
    found = sort(opened, wish, stamp, _today(now))
    refuse_mostly_wrong(found, path.name)
    if content_hash(path, wish) != digest:
        raise TransientError(
            f"{path.name} changed while it was read, nothing was imported: close it in Excel, try again"
        )
    row = {**stamp, "content_hash": digest, **_facts(opened, wish), **_counts(found)}
    with pipeline_for("files", data_dir=data_dir, warehouse_path=warehouse_path, key=warehouse_key) as pipeline:
        load_tables(pipeline, {CONTACTS: found.contacts, REJECTS: found.rejects}, KEYS)
        rejects_path = write_rejects(rejects_dir / _file_name(row), opened.names, found.rejects)
        load_tables(pipeline, {LISTS: arrow_table([row], TABLES[LISTS])}, KEYS)
    return _report(row, rejects_path, is_new=True, started=started)


def _today(now: datetime) -> date:
    return now.astimezone(ZoneInfo("Asia/Bangkok")).date()  # forms are dated where our customers are


def _refuse_future(wish: Wish, now: datetime) -> None:
    if wish.consent.given_at and wish.consent.given_at > _today(now):
        raise PermanentError(f"consent cannot have been given on {wish.consent.given_at}: that day is still to come")


def _facts(opened: Opened, wish: Wish) -> dict[str, Any]:
    return {
        "file_name": opened.path.name,
        "encoding": opened.encoding,
        "separator": opened.separator,
        "sheet": opened.sheet,
        "mapping": json.dumps(opened.columns, ensure_ascii=False),
        "consent_purposes": json.dumps(wish.consent.purposes),
        "consent_evidence": wish.consent.evidence or None,
        "consent_at": wish.consent.given_at,
    }


def _counts(found: Sorted) -> dict[str, int]:
    names = ("row_count", "accepted_count", "rejected_count", "duplicate_count")
    return {name: getattr(found, name) for name in names}


def _file_name(row: dict[str, Any]) -> str:
    return f"{row['list_id']}-{row['version']}.csv"


def _if_there(path: Path) -> Path | None:
    return path if path.exists() else None


def _report(row: dict[str, Any], rejects_path: Path | None, *, is_new: bool, started: float) -> LoadReport:
    names = ("list_id", "version", "row_count", "accepted_count", "rejected_count", "duplicate_count")
    return LoadReport(
        **{name: row[name] for name in names},
        is_new=is_new,
        rejects_path=rejects_path,
        seconds=round(time.perf_counter() - started, 3),
    )
