"""What a build, a refresh, a publication and a load cost, against DuckDB doing the same by hand on the same data."""

import os
import resource
import shutil
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

import duckdb
import pyarrow as pa

from bench.event_history import EventHistory
from bench.report import Result
from core.clock import utc_now
from pipelines.journal.source import KEYS
from pipelines.profiles import load_tables, pipeline_for
from warehouse.build import build as build_models
from warehouse.catalog import read_models
from warehouse.checks import check_all
from warehouse.connect import connect, prepare
from warehouse.publish import publish as publish_marts
from warehouse.replicas import kept_up

_QUICK = 300_000
_TURNS = 5  # of publishing and copying
_LOADS = 5  # the first of them imports dlt
# Events of the measures of the warehouse; 100,000,000 needs about 60 GB of disk.
_EVENTS = int(os.environ.get("BENCH_EVENTS", "10000000"))


@contextmanager
def _warehouse(quick: bool) -> Iterator[tuple[duckdb.DuckDBPyConnection, EventHistory, Path]]:  # noqa: FBT001
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        history = EventHistory(folder, _QUICK if quick else _EVENTS, utc_now())
        history.write()
        with connect(folder / "warehouse.duckdb") as connection:
            prepare(connection)
            history.load_base(connection)
            yield connection, history, folder


def build(quick: bool) -> Result:  # noqa: FBT001 -- every measure is asked so
    """A full build against the same SQL, run by hand in one DuckDB process."""
    with _warehouse(quick) as (connection, history, _):
        connection.execute("set variable now = ?::timestamptz", [history.now])
        started = _cpu()
        for model in read_models():
            connection.execute(f"create or replace table {model.address} as\n{model.sql}")
        by_hand = _cpu() - started
        started = _cpu()
        build_models(connection, now=history.now, is_full=True)
        ours = _cpu() - started
    return Result(
        name="build",
        what=f"full build of {history.events:,} events, CPU s",
        value=ours,
        limit=by_hand,
        ratio=ours / by_hand,
        must="≤ 1.3 ×",
        after="≤ 1.1 ×",
        met=ours <= 1.3 * by_hand,
        notes=f"{history.messages:,} messages, {history.contacts:,} contacts; peak memory {_peak_gib():.1f} GiB",
    )


def refresh(quick: bool) -> Result:  # noqa: FBT001 -- every measure is asked so
    """A refresh with 1 % new events, late and repeated ones among them, against a full build; tables are equal."""
    with _warehouse(quick) as (connection, history, _):
        build_models(connection, now=history.now)
        new = history.load_news(connection)
        started = _cpu()
        runs = build_models(connection, now=history.now)
        ours = _cpu() - started
        refreshed = _contents(connection)
        started = _cpu()
        build_models(connection, now=history.now, is_full=True)
        full = _cpu() - started
        differing = sorted(refreshed.items() ^ _contents(connection).items())
    assert not differing, f"the refresh does not equal the full build: {differing}"
    slowest = sorted(runs, key=lambda run: -run.seconds)[:3]
    return Result(
        name="refresh",
        what=f"refresh with {new:,} new events, CPU s",
        value=ours,
        limit=full,
        ratio=ours / full,
        must="≤ 0.15, equal result",
        after="≤ 0.06",
        met=ours <= 0.15 * full,
        notes="; ".join(f"{run.model.address} {run.mode} {run.seconds:.1f} s" for run in slowest)
        + f"; peak memory {_peak_gib():.1f} GiB",
    )


def publish(quick: bool) -> Result:  # noqa: FBT001 -- every measure is asked so
    """Publishing a refreshed build, whose replicas the build kept up to date, against copying the same files."""
    with _warehouse(quick) as (connection, history, folder):
        build_models(connection, now=history.now)
        anew = _keep_up(connection, folder, history)
        history.load_news(connection)
        build_models(connection, now=history.now)
        return publishing(connection, folder, history, anew=anew, kept=_keep_up(connection, folder, history))


def publishing(
    connection: duckdb.DuckDBPyConnection, folder: Path, history: EventHistory, *, anew: float, kept: float
) -> Result:
    """Publish and copy in turns, the promises asked before each; ``anew`` and ``kept`` is what replicas cost, CPU s."""
    ours, copied = [], []
    for _ in range(_TURNS):
        started = _cpu()
        assert not [each for each in check_all(connection, history.now) if each.is_error]
        asked = _cpu() - started
        started = time.perf_counter()
        version = publish_marts(connection, folder / "serve", history.now)
        ours.append(time.perf_counter() - started)
        copied.append(_seconds_to_copy((version.path, version.masked_path), folder / "copy"))
    size = version.path.stat().st_size + version.masked_path.stat().st_size
    return Result(
        name="publish",
        what=f"publishing {size / 2**30:.2f} GiB in two copies, s",
        value=median(ours),
        limit=median(copied),
        ratio=median(ours) / median(copied),
        must="≤ 2 ×",
        after="a reflink where the file system can",
        met=median(ours) <= 2 * median(copied),
        notes=(
            f"{history.events:,} events, median of {_TURNS}; durable, with word to readers and old copies deleted; "
            f"before it, CPU s: asking every promise {asked:.1f}; the build's replicas {kept:.1f} after 1 % new events "
            f"and {anew:.1f} when they are written anew, once a day"
        ),
    )


def _keep_up(connection: duckdb.DuckDBPyConnection, folder: Path, history: EventHistory) -> float:
    """Bring the replicas up to date; return the CPU seconds."""
    started = _cpu()
    with kept_up(connection, folder / "serve", history.now):
        return _cpu() - started


def _seconds_to_copy(paths: Iterable[Path], folder: Path) -> float:
    """Copy files, durably; return the seconds."""
    folder.mkdir()
    started = time.perf_counter()
    for path in paths:
        with Path(shutil.copyfile(path, folder / path.name)).open("rb") as file:
            os.fsync(file.fileno())
    seconds = time.perf_counter() - started
    shutil.rmtree(folder)
    return seconds


def load(quick: bool) -> Result:  # noqa: FBT001 -- every measure is asked so
    """Events loaded by dlt, each of them new, against inserting the same Arrow table into a table with its columns."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        history = EventHistory(folder, _QUICK if quick else 1_000_000, utc_now())
        history.write()
        with duckdb.connect() as connection:
            connection.execute("set timezone = 'UTC'")
            rows = connection.sql(f"from '{folder}/base_events.parquet'").to_arrow_table()
        turns = [_load_in_turn(folder / str(turn), rows) for turn in range(_LOADS)]
    ours, by_hand = (median(seconds) for seconds in zip(*turns, strict=True))
    return Result(
        name="load",
        what="events loaded by dlt a second",
        value=len(rows) / ours,
        limit=len(rows) / by_hand,
        ratio=by_hand / ours,
        must="≥ 0.5",
        after="≥ 0.8",
        met=ours <= 2 * by_hand,
        notes=f"{len(rows):,} rows as Arrow, all new, median of {_LOADS}; peak memory {_peak_gib():.1f} GiB",
    )


def _load_in_turn(folder: Path, rows: pa.Table) -> tuple[float, float]:
    """Load rows into a new file by dlt, and by hand; return the seconds of each."""
    folder.mkdir()
    started = time.perf_counter()
    with pipeline_for("journal", data_dir=folder, warehouse_path=folder / "warehouse.duckdb") as pipeline:
        load_tables(pipeline, {"journal__events": rows}, KEYS)
    ours = time.perf_counter() - started
    with duckdb.connect(str(folder / "by hand.duckdb")) as connection:
        connection.execute("create table events as from rows limit 0")
        started = time.perf_counter()
        connection.execute("insert into events from rows")
        connection.execute("checkpoint")
        return ours, time.perf_counter() - started


def status(quick: bool) -> Result:  # noqa: FBT001 -- every measure is asked so
    """The state of every message out of its events, against reading all columns of the same events."""
    with _warehouse(quick) as (connection, history, _):
        build_models(connection, now=history.now)
        return telling_status(connection, history)


def telling_status(connection: duckdb.DuckDBPyConnection, history: EventHistory) -> Result:
    """Tell the state of every message of a warehouse that is built."""
    (model,) = (model for model in read_models() if str(model.address) == "marts.messages")
    started = time.perf_counter()
    connection.execute(f"create or replace temp table found as\n{model.sql}")
    ours = time.perf_counter() - started
    started = time.perf_counter()
    connection.execute("select max(columns(*)) from raw.journal__events").fetchall()
    scan = time.perf_counter() - started
    return Result(
        name="status",
        what="status of every message, events a second",
        value=history.events / ours,
        limit=history.events / scan,
        ratio=scan / ours,
        must="≥ 1/10 of a raw scan",
        after="≥ 1/6",
        met=scan / ours >= 0.1,
        notes=f"{history.events:,} events of {history.messages:,} messages",
    )


def _cpu() -> float:
    return time.process_time()


def _peak_gib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


def _contents(connection: duckdb.DuckDBPyConnection) -> dict[str, tuple[int, ...]]:
    """Say of every table what is in it, whatever the order: rows, and the sum of their hashes."""
    query = "select count(*), sum(hash(made)::hugeint) from {address} as made"
    return {
        str(model.address): connection.execute(query.format(address=model.address)).fetchone() or ()
        for model in read_models()
    }
