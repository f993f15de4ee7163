"""A lake against a file: the same world built, refreshed and read in both, on this machine."""

import shutil
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
from pydantic import SecretStr

from assets.steps import Steps
from bench import object_store, postgres
from bench.report import Result
from cli.demo import run_demo
from core.clock import utc_now
from core.settings import Settings
from warehouse import publish
from warehouse.connect import connect

_EVENTS, _EVENTS_QUICK = 5_000_000, 300_000
# A page's questions: one that reads little, one that adds up days, one that reads every message.
_QUESTIONS = (
    "select count(*) from marts.campaign_results",
    "select metric_date, channel, sum(sent) from marts.daily_run_metrics group by all",
    "select channel, status, count(*), max(sent_at) from marts.messages group by all",
)
_READS = 20
_MULTIPLY = """
    insert into raw.journal__{table}
    select * exclude (copy) replace ({replaced}) from raw.journal__{table} cross join range(1, $times) as copies(copy)
"""
_NEWS = """
    insert into raw.journal__events by name
    select * replace (
        event_id || '-late' as event_id,
        recorded_at + interval 1 day as recorded_at,
        (select max(_load_number) + 1 from raw.journal__events) as _load_number
    )
    from raw.journal__events using sample 1 percent (bernoulli, 7)
"""


def build_and_read(is_quick: bool) -> Result:  # noqa: FBT001 -- every measure is asked so
    """Build, refresh and read a lake and a file of the same raw tables."""
    with tempfile.TemporaryDirectory() as folder, object_store.running() as bucket, postgres.running() as server:
        home = Path(folder)
        file, events = _grown(home, _EVENTS_QUICK if is_quick else _EVENTS)
        in_file = Steps(Settings(_env_file=None, data_dir=home / "file", warehouse_url=f"duckdb:///{file}"))
        postgres.new_database(server.url, "lake")
        on_lake = Steps(
            Settings(
                _env_file=None,
                data_dir=home / "host",
                warehouse_url=f"ducklake:postgresql://bma@/lake?host={server.home}&data_path=s3://{object_store.BUCKET}/w",
                s3_endpoint=bucket.endpoint,
                s3_access_key_id=bucket.access_key_id,
                s3_secret_access_key=SecretStr(bucket.secret_access_key),
            )
        )
        took = {"move": _seconds(lambda: on_lake.move_into_lake(file))}
        for name, steps in (("file", in_file), ("lake", on_lake)):
            took[f"build {name}"] = _seconds(steps.build)
            with connect(steps.settings.warehouse_path) as connection:
                took[f"read {name}"] = _p95(connection)
                connection.execute(_NEWS)
            took[f"refresh {name}"] = _seconds(steps.build)
            took[f"copy {name}"] = _seconds(lambda steps=steps: _publish(steps))  # type: ignore[misc]
        took["tidy"] = _seconds(on_lake.tidy_lake)
    ratio = took["build lake"] / took["build file"]
    return Result(
        name="lake",
        what=f"full build on a lake, CPU s, {events:,} events; the limit is a DuckDB file",
        value=took["build lake"],
        limit=took["build file"],
        ratio=round(ratio, 2),
        must="≤ 5",
        after="≤ 2",
        met=ratio <= 5,
        notes="CPU s, reads p95 in wall s: " + ", ".join(f"{name} {seconds:.3g}" for name, seconds in took.items()),
    )


def _grown(home: Path, events: int) -> tuple[Path, int]:
    """Return a warehouse file whose messages and events are those of a small world, many times over."""
    lived = home / "lived"
    settings = Settings(_env_file=None, data_dir=lived, public_url="http://127.0.0.1:0")
    run_demo(companies=20, days=2, seed=7, settings=settings, say=lambda _text: None)
    file = Path(shutil.copy(lived / "warehouse.duckdb", home / "grown.duckdb"))
    with connect(file) as connection:
        ((standing,),) = connection.execute("select count(*) from raw.journal__events").fetchall()
        times = {"times": max(2, events // standing)}
        message = "message_id || '-' || copy as message_id"
        connection.execute(_MULTIPLY.format(table="messages", replaced=message), times)
        event = f"event_id || '-' || copy as event_id, {message}"
        connection.execute(_MULTIPLY.format(table="events", replaced=event), times)
        ((grown,),) = connection.execute("select count(*) from raw.journal__events").fetchall()
    return file, int(grown)


def _publish(steps: Steps) -> None:
    """Copy marts for readers, unchecked: a world that was multiplied has messages nobody decided about."""
    with connect(steps.settings.warehouse_path) as connection:
        publish.publish(connection, steps.settings.serve_dir, utc_now())


def _seconds(work: Callable[[], Any]) -> float:
    """Return what work takes of this process's CPU, in seconds: the machine's other work does not count."""
    started = time.process_time()
    work()
    return time.process_time() - started


def _p95(connection: duckdb.DuckDBPyConnection) -> float:
    """Return the 95th percentile of a warm page's questions, in seconds as a reader waits."""
    taken = []
    for query in _QUESTIONS * _READS:
        started = time.perf_counter()
        connection.execute(query).fetchall()
        taken.append(time.perf_counter() - started)
    return statistics.quantiles(taken, n=20)[-1]
