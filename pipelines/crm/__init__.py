"""The CRM as a source: everything is read and typed first, then loaded in one go, or not at all."""

import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import httpx
import pyarrow as pa

from core.lake import Lake
from core.logs import get_logger
from core.store.reach import Reach
from pipelines import existing
from pipelines.crm import drift, history
from pipelines.crm.client import CrmClient
from pipelines.crm.gathered import Gathered
from pipelines.crm.news import News, Poll, Row, read_named
from pipelines.crm.tables import COLLECTIONS, KEYS, TABLES
from pipelines.profiles import arrow_table, load_tables, pipeline_for

__all__ = [
    "CrmClient",
    "LoadReport",
    "News",
    "Poll",
    "Row",
    "known_until",
    "load",
    "load_news",
    "read_named",
    "say_looked_at",
]
Heed = Callable[[list[Reach]], None]


@dataclass(frozen=True, kw_only=True)
class LoadReport:
    """What a load came to: rows written per raw table, records refused, rows found deleted, seconds.

    ``drift``: rows, by collection, that a full compare found and neither webhook nor watermark had told of.
    ``cascade``: ids by collection that likely went with a deleted company.
    """

    mode: str
    rows: dict[str, int]
    rejects: int
    deleted: int
    seconds: float
    drift: dict[str, int] = field(default_factory=dict)
    cascade: dict[str, set[str]] = field(default_factory=dict)


def load(
    *,
    url: str,
    username: str,
    password: str,
    data_dir: Path,
    warehouse_path: Path | Lake,
    now: datetime,
    warehouse_key: str = "",
    mode: str = "incremental",
    allow_shrink: bool = False,
    heed: Heed = lambda _reaches: None,
    transport: httpx.BaseTransport | None = None,
    timeout: float = 30.0,
    retry_seconds: float = 60.0,
) -> LoadReport:
    """Load the CRM into ``raw.crm__*``. ``mode``: ``incremental`` (by watermark) or ``full`` (compares everything).

    Rows that have not changed are not written again. ``heed`` is told of every contact that has, before anything is
    loaded. ``timeout`` is seconds per request, ``retry_seconds`` the most spent on one request with its repeats.
    Raises PermanentError or TransientError; nothing is loaded then and the last good data stay.
    """
    if mode not in {"incremental", "full"}:
        raise ValueError(f"mode {mode!r}: say incremental or full")
    started = time.perf_counter()
    with (
        existing.look(warehouse_path, warehouse_key) as held,
        CrmClient(url, username, password, transport=transport, timeout=timeout, retry_seconds=retry_seconds) as client,
    ):
        history.take_back_unfinished(held)
        gathered = Gathered(held, now, allow_shrink=allow_shrink)
        for collection in COLLECTIONS:
            gathered.read(client, collection, by_watermark=mode == "incremental")
        gathered.read_preferences(client)
        if mode == "full":
            gathered.say_compared()
        tables = gathered.typed()
    heed(gathered.changed_reaches())
    # The look is closed before dlt opens the file.
    _write(gathered, tables, data_dir, warehouse_path, warehouse_key)
    return _report(mode, gathered, started)


def load_news(
    news: News, *, data_dir: Path, warehouse_path: Path | Lake, now: datetime, warehouse_key: str = ""
) -> LoadReport:
    """Load what was read without the warehouse; a row that another load has read since then stays as that left it.

    ``cascade`` of the report names rows that went with a deleted company, as far as we know: read those next. Raises
    PermanentError or TransientError; nothing is loaded then.
    """
    started = time.perf_counter()
    with existing.look(warehouse_path, warehouse_key) as held:
        history.take_back_unfinished(held)
        gathered = Gathered(held, now, allow_shrink=True)
        gathered.take(news)
        tables = gathered.typed()
        cascade = gathered.children_of(news.gone.get("companies", set()))
    _write(gathered, tables, data_dir, warehouse_path, warehouse_key)
    say_looked_at(news, warehouse_path=warehouse_path, now=now, warehouse_key=warehouse_key)
    return _report("news", gathered, started, cascade)


def say_looked_at(news: News, *, warehouse_path: Path | Lake, now: datetime, warehouse_key: str = "") -> None:
    """Write down of which tables everything that moved is known by now. Raises TransientError as ``existing.look``."""
    with existing.look(warehouse_path, warehouse_key) as held:
        held.stamp("crm__loads", {"mode": "incremental", "loaded_at": now}, key="table_name", keys=news.looked_at)


def known_until(warehouse_path: Path | Lake, warehouse_key: str = "") -> dict[str, datetime]:
    """Return the newest time of change the warehouse holds, by collection; none for an empty one."""
    with existing.look(warehouse_path, warehouse_key) as held:
        newest = {each.name: held.newest(each.table, each.watermark or "updated_at") for each in COLLECTIONS}
    return {name: moment for name, moment in newest.items() if moment is not None}


def _write(
    gathered: Gathered,
    tables: Mapping[str, pa.Table],
    data_dir: Path,
    warehouse_path: Path | Lake,
    warehouse_key: str,
) -> None:
    with pipeline_for("crm", data_dir=data_dir, warehouse_path=warehouse_path, key=warehouse_key) as pipeline:
        if told := gathered.tables[history.TABLE]:  # before the rows, in a load of its own: dlt merges table by table
            load_tables(pipeline, {history.TABLE: arrow_table(told, TABLES[history.TABLE])}, KEYS)
        # A table that is not there yet has nothing to merge with.
        load_tables(pipeline, tables, KEYS, replaced=gathered.new_tables)


def _report(mode: str, gathered: Gathered, started: float, cascade: Mapping[str, set[str]] | None = None) -> LoadReport:
    report = LoadReport(
        mode=mode,
        rows={name: len(rows) for name, rows in gathered.tables.items()},
        rejects=len(gathered.tables["crm__rejects"]),
        deleted=gathered.deleted,
        seconds=round(time.perf_counter() - started, 3),
        drift=dict(Counter(row["collection"] for row in gathered.tables[drift.TABLE])),
        cascade=dict(cascade or {}),
    )
    get_logger().info(
        "crm_loaded",
        mode=mode,
        rows=sum(report.rows.values()),
        rejects=report.rejects,
        deleted=report.deleted,
        drift=sum(report.drift.values()),
        seconds=report.seconds,
    )
    return report
