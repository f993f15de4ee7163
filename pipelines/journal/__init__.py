"""The store as a source: what gateway and senders recorded, loaded into ``raw.journal__*``."""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import sqlalchemy as sa

from core.clock import utc_now
from core.lake import Lake
from core.store.engine import reading
from pipelines import existing
from pipelines.journal import judgements
from pipelines.journal.source import KEYS, LOADS, NUMBERED, OVERLAP, SOURCES, TABLES, WHOLE, oldest_writer, rows_since
from pipelines.profiles import arrow_table, load_tables, pipeline_for


@dataclass(frozen=True, kw_only=True)
class LoadReport:
    """Rows written per raw table, messages of people judged, and seconds."""

    rows: dict[str, int]
    judged: int
    seconds: float


def load(
    engine: sa.Engine,
    *,
    data_dir: Path,
    warehouse_path: Path | Lake,
    warehouse_key: str = "",
    now: datetime | None = None,
) -> LoadReport:
    """Merge the store's new and changed rows into the warehouse; every ``raw.journal__*`` exists afterwards.

    ``now`` is written down as the time of the load, and is the clock's where it is not given.

    Raises PermanentError or TransientError; the last good data stay then.
    """
    started = time.perf_counter()
    read_at = now or utc_now()
    with existing.look(warehouse_path, warehouse_key) as held, reading(engine) as connection:
        complete_until = oldest_writer(connection, read_at)  # before the first row is read
        last = {row["table_name"]: row for row in held.rows(LOADS)}
        number = _next_number(held)
        found = {}
        for name in SOURCES:
            rows = _changed(connection, held, name, last.get(name, {}), read_at)
            found[name] = arrow_table(rows, TABLES[name])
            if name in NUMBERED:
                numbers = pa.array([number] * len(rows), pa.int64())
                found[name] = found[name].append_column("_load_number", numbers)
        tables = held.worth_loading(found)
        emptied = {name: found[name] for name in WHOLE if name not in tables and held.rows(name)}
        is_quiet = not tables and not emptied and "complete_until" in held.columns.get(LOADS, ())
        if is_quiet:  # what was read and brought nothing is young too, and not worth a load
            values = {"row_count": 0, "loaded_at": read_at, "complete_until": complete_until}
            held.stamp(LOADS, values, key="table_name", keys=found)
    if not is_quiet:
        said = [
            {
                "table_name": name,
                "row_count": len(table),
                "loaded_at": read_at,
                "complete_until": last.get(name, {}).get("complete_until"),
            }
            for name, table in found.items()
        ]
        with pipeline_for("journal", data_dir=data_dir, warehouse_path=warehouse_path, key=warehouse_key) as pipeline:
            load_tables(pipeline, {**tables, **emptied, LOADS: arrow_table(said, TABLES[LOADS])}, KEYS, replaced=WHOLE)
        with existing.look(warehouse_path, warehouse_key) as held:  # a load that died half way has completed nothing
            held.stamp(LOADS, {"complete_until": complete_until}, key="table_name", keys=found)
    judged = judgements.judge_new(
        data_dir=data_dir, warehouse_path=warehouse_path, warehouse_key=warehouse_key, now=read_at
    )
    return LoadReport(
        rows={**{name: len(table) for name, table in found.items()}, LOADS: len(found)},
        judged=judged,
        seconds=round(time.perf_counter() - started, 3),
    )


def _next_number(held: existing.Held) -> int:
    """Return a number above those of all loads before, also of those into a warehouse that is lost."""
    return max(time.time_ns() // 1000, *(1 + (held.newest(name, "_load_number") or 0) for name in NUMBERED))


def _changed(
    connection: sa.Connection, held: existing.Held, name: str, last: Mapping[str, Any], now: datetime
) -> list[dict[str, Any]]:
    cursor = SOURCES[name][1]
    since = None if name in WHOLE else _since(held.newest(name, cursor), last, now)
    rows = [_plain(row, TABLES[name]) for row in rows_since(connection, name, since)]
    # The overlap is read again at every load, but written only where it brought something.
    return rows if since is None else existing.changed(rows, held.rows_since(name, cursor, since), KEYS[name])


def _since(newest: datetime | None, last: Mapping[str, Any], now: datetime) -> datetime | None:
    """Return from which time on rows may be new; None: all have to be read."""
    if newest is None or (last and last["loaded_at"] > now):  # the clock was set back: times before tell nothing
        return None
    return min(newest, last.get("complete_until") or newest) - OVERLAP


def _plain(row: dict[str, Any], columns: dict[str, str]) -> dict[str, Any]:
    for name, kind in columns.items():
        if kind == "json" and row[name] is not None:
            row[name] = json.dumps(row[name], ensure_ascii=False, default=str)
    return row
