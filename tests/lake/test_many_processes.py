"""Several processes at one lake at the same time: who reads is never wrong, who is killed leaves nothing half."""

import json
import random
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from assets.steps import Steps
from bench.lake_process import MIXTURES
from core.settings import Settings
from tests.lake.conftest import NOON
from tests.lake.same import differences
from warehouse import lake
from warehouse.connect import connect

KILLS = 6
Start = Callable[[str], subprocess.Popen[str]]


@pytest.fixture
def start(on_lake: Settings, tmp_path: Path):
    """Start a process of ``bench.lake_process``, each a host of its own; all are ended at the end."""
    started: list[subprocess.Popen[str]] = []

    def begin(part: str) -> subprocess.Popen[str]:
        here = on_lake.model_copy(update={"data_dir": tmp_path / part})
        values = {
            name: value.get_secret_value() if isinstance(value, SecretStr) else str(value)
            for name, value in here.model_dump().items()
        }
        log = (tmp_path / f"{part}-{len(started)}.log").open("w")
        command = [sys.executable, "-m", "bench.lake_process", part, json.dumps(values)]
        started.append(subprocess.Popen(command, text=True, stdout=subprocess.PIPE, stderr=log))
        return started[-1]

    yield begin
    for process in started:
        process.kill()
        process.wait()


def turns(process: subprocess.Popen[str]) -> list[dict[str, Any]]:
    """End a process and return what it did, turn by turn; one that failed before is an error."""
    assert process.poll() is None, f"ended by itself: {process.args[3]}"
    process.kill()
    assert process.stdout is not None
    return [json.loads(line) for line in process.stdout.read().splitlines() if line.endswith("}")]


@pytest.fixture
def moved(lived: Settings, steps: Steps, tmp_path: Path) -> Steps:
    """Return the steps on a lake that holds the world and has published it once."""
    file = tmp_path / "before.duckdb"
    shutil.copy(lived.warehouse_path, file)
    steps.move_into_lake(file)
    steps.build()
    steps.publish()
    return steps


def copy_raw(steps: Steps, file: Path) -> None:
    """Copy the lake's raw tables into a new warehouse file."""
    with connect(steps.settings.warehouse_path) as connection:
        connection.execute(f"attach '{file}' as file")
        connection.execute("create schema file.raw")
        names = "select table_name from duckdb_tables() where database_name = 'lake' and schema_name = 'raw'"
        for (name,) in connection.execute(names).fetchall():
            connection.execute(f"create table file.raw.{name} as from lake.raw.{name}")


def assert_as_in_a_file(steps: Steps, file: Path) -> None:
    """Build the lake and a file of the same raw tables, and compare every table."""
    steps.build()
    copy_raw(steps, file)
    Steps(
        steps.settings.model_copy(update={"warehouse_url": f"duckdb:///{file}", "data_dir": file.parent / "file"}),
        clock=lambda: NOON,
    ).build()
    for layer in ("staging", "marts"):
        assert differences(steps.settings.warehouse_path, str(file), layer) == {}


def test_one_loads_one_builds_one_reads_at_the_same_time(moved: Steps, start: Start, tmp_path: Path) -> None:
    before = events(moved)
    loading, building, reading = start("load"), start("build"), start("read")
    time.sleep(60)
    loads, builds, reads = turns(loading), turns(building), turns(reading)

    assert len(loads) >= 2 and len(builds) >= 2 and len(reads) >= 5
    assert all(read["mixtures"] == [] for read in reads)
    assert len({read["snapshot"] for read in reads}) >= 2  # they saw more than one publication
    assert any(read["followed"] for read in reads)
    assert events(moved) >= before + 40 * len(loads)
    assert_as_in_a_file(moved, tmp_path / "after.duckdb")


def test_a_killed_builder_or_loader_leaves_readers_and_the_next_build_right(
    moved: Steps, start: Start, tmp_path: Path
) -> None:
    seen = random.Random(4)
    for number in range(KILLS):
        victim = start("load" if number % 3 == 2 else "build")
        assert victim.stdout is not None
        victim.stdout.readline()  # it has done one whole turn and is in the next
        time.sleep(seen.uniform(0.0, 3.0))
        victim.kill()
        victim.wait()

        with lake.attach(moved.settings.warehouse_path) as connection:
            release = lake.newest_release(connection)
        assert release is not None
        with lake.attach(moved.settings.warehouse_path, snapshot=release.snapshot) as connection:
            assert [connection.execute(query).fetchall() for query in MIXTURES.values()] == [[(0,)]] * len(MIXTURES)

    moved.sync_journal()
    moved.sync_crm("full")
    assert_as_in_a_file(moved, tmp_path / "after.duckdb")


def events(steps: Steps) -> int:
    """Count the events in ``raw``."""
    with lake.attach(steps.settings.warehouse_path) as connection:
        return int(connection.execute("select count(*) from raw.journal__events").fetchall()[0][0])
