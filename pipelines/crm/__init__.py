"""The CRM as a source: everything is read and typed first, then loaded in one go, or not at all."""

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx

from core.lake import Lake
from core.logs import get_logger
from pipelines import existing
from pipelines.crm import history, source
from pipelines.crm.client import CrmClient
from pipelines.crm.compare import compare
from pipelines.crm.tables import COLLECTIONS, KEYS, TABLES, Collection
from pipelines.guards import refuse_shrink
from pipelines.profiles import arrow_table, load_tables, pipeline_for


@dataclass(frozen=True, kw_only=True)
class LoadReport:
    """What a load came to: rows written per raw table, records refused, rows found deleted, seconds."""

    mode: str
    rows: dict[str, int]
    rejects: int
    deleted: int
    seconds: float


def load(
    *,
    url: str,
    username: str,
    password: str,
    data_dir: Path,
    warehouse_path: Path | Lake,
    now: datetime,
    mode: str = "incremental",
    allow_shrink: bool = False,
    transport: httpx.BaseTransport | None = None,
    timeout: float = 30.0,
    retry_seconds: float = 60.0,
) -> LoadReport:
    """Load the CRM into ``raw.crm__*``. ``mode``: ``incremental`` (by watermark) or ``full`` (compares everything).

    Rows that have not changed are not written again. ``timeout`` is seconds per request, ``retry_seconds`` the most
    spent on one request with its repeats. Raises PermanentError or TransientError; nothing is loaded then and the
    last good data stay.
    """
    if mode not in {"incremental", "full"}:
        raise ValueError(f"mode {mode!r}: say incremental or full")
    started = time.perf_counter()
    with (
        existing.look(warehouse_path) as held,
        CrmClient(url, username, password, transport=transport, timeout=timeout, retry_seconds=retry_seconds) as client,
    ):
        history.take_back_unfinished(held)
        gathered = _Gathered(client, held, now, allow_shrink=allow_shrink)
        for collection in COLLECTIONS:
            gathered.read(collection, by_watermark=mode == "incremental")
        gathered.read_preferences()
        tables = {name: arrow_table(rows, TABLES[name]) for name, rows in gathered.tables.items()}
        gathered.tables[history.TABLE] = history.changes(tables, held, now)
        tables = held.worth_loading(tables)
    # The look is closed before dlt opens the file.
    pipeline = pipeline_for("crm", data_dir=data_dir, warehouse_path=warehouse_path)
    if told := gathered.tables[history.TABLE]:  # before the rows, in a load of its own: dlt merges table by table
        load_tables(pipeline, {history.TABLE: arrow_table(told, TABLES[history.TABLE])}, KEYS)
    load_tables(pipeline, tables, KEYS)
    report = LoadReport(
        mode=mode,
        rows={name: len(rows) for name, rows in gathered.tables.items()},
        rejects=len(gathered.tables["crm__rejects"]),
        deleted=gathered.deleted,
        seconds=round(time.perf_counter() - started, 3),
    )
    get_logger().info(
        "crm_loaded",
        mode=mode,
        rows=sum(report.rows.values()),
        rejects=report.rejects,
        deleted=report.deleted,
        seconds=report.seconds,
    )
    return report


class _Gathered:
    """Typed rows per raw table, gathered before anything is written."""

    def __init__(self, client: CrmClient, held: existing.Held, now: datetime, *, allow_shrink: bool) -> None:
        self.tables: dict[str, list[dict[str, Any]]] = {name: [] for name in TABLES}
        self.deleted = 0
        self._client = client
        self._held = held
        self._now = now
        self._allow_shrink = allow_shrink

    def read(self, collection: Collection, *, by_watermark: bool) -> None:
        """Read one collection, from its watermark on where that is asked for, known and possible."""
        standing = self._held.rows(collection.table)
        # The rows themselves hold the watermark: they and it cannot part when a load is killed. A row dated in the
        # future must not push it past what is still to come.
        newest = max((row["updated_at"] for row in standing), default=None)
        found = None if by_watermark else compare(self._client, collection, standing)
        if found is None:
            since = min(newest, self._now) if newest and by_watermark else None
            found = source.crawl(self._client, collection, since=since)
        links = self._held.rows("crm__contract_zones") if collection.name == "contracts" else []
        self._add(collection.table, found.rows.values(), standing)
        self._add("crm__contract_zones", found.contract_zones.values(), links)
        self._add("crm__rejects", found.rejects.values(), ())
        if found.is_complete:
            self._compare(found, standing)
        # A contract that was read names all of its links: others are gone.
        gone = [row for row in links if row["contract_id"] in found.rows and row["id"] not in found.contract_zones]
        self._add("crm__contract_zones", gone, links, is_deleted=True)
        times = [row["updated_at"] for row in found.rows.values()]
        load = {
            "table_name": collection.table,
            "mode": "full" if found.is_complete else "incremental",
            "row_count": len(found.seen),
            "newest_row_at": max([*times, *([newest] if newest else [])], default=None),
            "loaded_at": self._now,
        }
        self.tables["crm__loads"].append(load)

    def read_preferences(self) -> None:
        """Read opt-outs and languages; what we know stays when ``/mcp/`` does not answer."""
        rows = source.contact_preferences(self._client)
        self._add("crm__contact_preferences", rows or [], self._held.rows("crm__contact_preferences"))

    def _add(
        self,
        table: str,
        rows: Iterable[Mapping[str, Any]],
        standing: Iterable[Mapping[str, Any]],
        *,
        is_deleted: bool = False,
    ) -> None:
        stamp = {"_loaded_at": self._now, "_is_deleted": is_deleted}
        ours = {name: value for name, value in stamp.items() if name in TABLES[table]}
        self.tables[table] += existing.changed([{**row, **ours} for row in rows], standing, KEYS[table])

    def _compare(self, found: source.Crawl, standing: list[dict[str, Any]]) -> None:
        collection = found.collection
        known = {row["id"]: row for row in standing if not row["_is_deleted"]}
        absent = known.keys() - found.seen
        if not self._allow_shrink:
            refuse_shrink(collection.name, len(absent), len(known))
        gone = source.confirmed_deletions(self._client, collection, absent)
        self._add(collection.table, [known[key] for key in sorted(gone)], standing, is_deleted=True)
        self.deleted += len(gone)
        if collection.name == "contracts" and gone:
            links = self._held.rows("crm__contract_zones")
            self._add(
                "crm__contract_zones", [row for row in links if row["contract_id"] in gone], links, is_deleted=True
            )
