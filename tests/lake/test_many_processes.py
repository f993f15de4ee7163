"""Several processes at one lake at the same time: who reads is never wrong, who is killed leaves nothing half."""

import json
import os
import random
import shutil
import subprocess
import sys
import threading
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

# Minutes on two cores: run them before a change to the lake.
pytestmark = [
    pytest.mark.timeout(900),
    pytest.mark.skipif("LAKE_PROOFS" not in os.environ, reason="slow: LAKE_PROOFS=1 python3 run.py test tests/lake"),
]


KILLS = 3
PATIENCE = 180.0  # seconds
Start = Callable[[str], "Part"]


@pytest.fixture
def start(on_lake: Settings, tmp_path: Path):
    """Start a process of ``bench.lake_process``, each a host of its own; all are ended at the end."""
    started: list[Part] = []

    def begin(part: str) -> Part:
        here = on_lake.model_copy(update={"data_dir": tmp_path / part})
        values = {
            name: value.get_secret_value() if isinstance(value, SecretStr) else str(value)
            for name, value in here.model_dump().items()
        }
        log = (tmp_path / f"{part}-{len(started)}.log").open("w")
        command = [sys.executable, "-m", "bench.lake_process", part, json.dumps(values)]
        started.append(Part(subprocess.Popen(command, text=True, stdout=subprocess.PIPE, stderr=log)))
        return started[-1]

    yield begin
    for part in started:
        part.kill()


class Part:
    """A process and what it has done so far, turn by turn."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process, self.turns = process, list[dict[str, Any]]()
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if line.endswith("}\n"):
                self.turns.append(json.loads(line))

    def wait_for(self, count: int) -> None:
        """Wait until it has done so many turns; one that ends before is an error."""
        until = time.monotonic() + PATIENCE
        while len(self.turns) < count:
            assert self.process.poll() is None, f"ended by itself: {self.process.args}"
            assert time.monotonic() < until, f"{len(self.turns)} of {count} turns: {self.turns}"
            time.sleep(0.1)

    def kill(self) -> None:
        """End it with SIGKILL."""
        self.process.kill()
        self.process.wait()


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


@pytest.mark.timeout(600)
def test_one_loads_one_builds_one_reads_at_the_same_time(moved: Steps, start: Start, tmp_path: Path) -> None:
    before = events(moved)
    loading, building, reading = (start(part) for part in ("load", "build", "read"))
    loading.wait_for(2)
    building.wait_for(2)
    reading.wait_for(len(reading.turns) + 2)
    for part in (loading, building, reading):
        part.kill()

    assert all(read["mixtures"] == [] for read in reading.turns)
    assert len({read["snapshot"] for read in reading.turns}) >= 2  # more than one publication was seen
    assert any(read["followed"] for read in reading.turns)
    assert events(moved) >= before + 40 * len(loading.turns)
    assert_as_in_a_file(moved, tmp_path / "after.duckdb")


@pytest.mark.timeout(600)
def test_a_killed_builder_or_loader_leaves_readers_and_the_next_build_right(
    moved: Steps, start: Start, tmp_path: Path
) -> None:
    seen = random.Random(4)
    for number in range(KILLS):
        victim = start("load" if number % 2 else "build")
        victim.wait_for(1)  # it is in its second turn
        time.sleep(seen.uniform(0.0, 3.0))
        victim.kill()

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
