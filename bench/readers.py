"""Readers while builds publish and their writer is killed: no error, no lock, no mixture, and the next build right."""

import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from statistics import median, quantiles
from typing import Any

import duckdb

from bench import reading
from bench.report import Result
from warehouse.build import build
from warehouse.catalog import read_models
from warehouse.connect import connect
from warehouse.publish import publish_checked

READERS = 8
_ROOT = Path(__file__).parents[1]


def readers(quick: bool) -> Result:  # noqa: FBT001 -- how measures are called
    """Measure eight readers for five minutes, the writer killed 20 times."""
    seconds, kills, people, batches = (20, 3, 400, 4) if quick else (300, 20, 4_000, 200)
    seen = run_readers(seconds=seconds, kills=kills, people=people, batches=batches)
    is_met = not seen["errors"] and not seen["mixtures"] and seen["killed"] == kills and seen["is_next_build_right"]
    return Result(
        name="readers",
        what=f"errors of {READERS} readers in {seen['seconds']:.0f} s of publishing, the writer killed {kills} times",
        value=float(sum(seen["errors"].values()) + seen["mixtures"]),
        limit=None,
        ratio=None,
        must="0",
        after="0",
        met=is_met,
        notes=(
            f"{seen['queries']:,} queries, p95 {seen['p95_ms']:.1f} ms; {seen['published']} copies of "
            f"{seen['messages']:,} messages; a copy was {seen['staleness_median']:.1f} s old in the median, "
            f"{seen['staleness_most']:.1f} s at most; killed {seen['killed']} times mid-build, the next build "
            f"{'equals' if seen['is_next_build_right'] else 'DIFFERS FROM'} a full one; mixtures {seen['mixtures']}"
            + "".join(f"; {count} × {error}" for error, count in seen["errors"].items())
        ),
    )


def run_readers(
    *, seconds: float, kills: int, people: int = 400, batches: int = 4, readers: int = READERS, seed: int = 1
) -> dict[str, Any]:
    """Let processes read for so long at least while a writer publishes and is killed; return what they met."""
    with tempfile.TemporaryDirectory(prefix="bma-readers-") as name:
        folder = Path(name)
        with connect(reading.warehouse_path(folder)) as connection:
            reading.make_world(connection, people)
            reading.load(connection, batches=batches)
            build(connection, now=datetime.now(UTC))
            publish_checked(connection, folder / "serve", datetime.now(UTC))
        reader_processes = [_start("read", str(folder)) for _ in range(readers)]
        writing = _Writing(folder, random.Random(seed))
        started = time.monotonic()
        writing.until(started + seconds, kills)
        lasted = time.monotonic() - started
        (folder / reading.OVER).touch()
        told = [json.loads(process.communicate()[0]) for process in reader_processes]
        milliseconds = [each for one in told for each in one["milliseconds"]]
        staleness = [each for one in told for each in one["staleness"]]
        messages, is_right = _next_build(folder)
        return {
            "queries": sum(one["queries"] for one in told),
            "versions": min(one["versions"] for one in told),
            "mixtures": sum(one["mixtures"] for one in told),
            "errors": dict(sum((Counter(one["errors"]) for one in told), Counter())),
            "p95_ms": quantiles(milliseconds, n=20)[-1],
            "staleness_median": median(staleness),
            "staleness_most": max(staleness),
            "seconds": lasted,
            "published": writing.published,
            "killed": writing.killed,
            "messages": messages,
            "is_next_build_right": is_right,
        }


class _Writing:
    """A writer that is killed at any moment of its work, and started again."""

    def __init__(self, folder: Path, chance: random.Random) -> None:
        self.published = self.killed = 0
        self._folder = folder
        self._chance = chance
        self._cycle = 2.0  # seconds from the begin of a load to its copy, as last seen

    def until(self, end: float, kills: int) -> None:
        """Write until ``end``, and be killed so often, at even distances but for chance, each time after a copy."""
        share = (end - time.monotonic()) / (kills + 1)
        for number in range(kills + 1):
            process, before = _start("write", str(self._folder)), self.published
            while time.monotonic() < end - share * (kills - number) or self.published == before:
                self._hear(process)
            while number < kills and not self._hear(process):
                continue
            time.sleep(self._chance.uniform(0.02, 0.98) * self._cycle)
            self.killed += number < kills and process.poll() is None
            os.kill(process.pid, signal.SIGKILL)
            process.communicate()

    def _hear(self, process: "subprocess.Popen[str]") -> bool:
        """Wait for the writer's next word; return whether it begins anew."""
        assert process.stdout is not None
        line = process.stdout.readline()
        if not line:
            raise AssertionError("the writer died by itself")
        if line == "begins\n":
            return True
        self.published += 1
        self._cycle = float(line)
        return False


def _next_build(folder: Path) -> tuple[int, bool]:
    """Build on what the last killed writer left; return its messages, and whether a new file gives the same tables."""
    now = datetime.now(UTC)
    with connect(reading.warehouse_path(folder)) as connection:
        reading.load(connection)
        build(connection, now=now)
        published = publish_checked(connection, folder / "serve", now)
        tables = connection.execute("select table_name from duckdb_tables() where schema_name = 'raw'").fetchall()
    with connect(folder / "full.duckdb") as full:
        full.execute(f"attach '{reading.warehouse_path(folder)}' as left_behind (read_only)")
        for schema in ("raw", "staging", "marts"):
            full.execute(f"create schema {schema}")
        for (table,) in tables:
            full.execute(f"create table raw.{table} as from left_behind.raw.{table}")
        full.execute("detach left_behind")
        build(full, now=now)
        full.execute(f"attach '{published.path}' as published (read_only)")
        (messages,) = full.execute("select count(*) from published.marts.messages").fetchone() or (0,)
        names = [str(each.address) for each in read_models() if each.address.layer == "marts" and not each.is_private]
        return messages, not [name for name in names if _differs(full, name)]


def _differs(connection: duckdb.DuckDBPyConnection, name: str) -> bool:
    ours, theirs = f"from {name}", f"from published.{name}"
    query = f"select count(*) from (({ours} except all {theirs}) union all ({theirs} except all {ours}))"  # noqa: S608 -- names of ours
    return connection.execute(query).fetchone() != (0,)


def _start(*words: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "bench.reading", *words], stdout=subprocess.PIPE, cwd=_ROOT, text=True
    )
