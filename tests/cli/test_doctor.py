"""``bma doctor`` names what nothing else would say: a full disk, a clock that differs from the database's."""

from datetime import datetime, timedelta
from pathlib import Path

import duckdb
import pytest
from pydantic import SecretStr

from assets.steps import Steps
from bench import faults
from bench.postgres import new_database
from bench.working import settings_for
from cli.doctor import examine
from core.clock import utc_now
from core.errors import PermanentError
from core.settings import Settings
from tests.warehouse.conftest import warehouse  # noqa: F401 -- a fixture
from warehouse.build import build
from warehouse.publish import publish


def _problems(steps: Steps) -> str:
    return "\n".join(examine(steps)["problems"])


def test_a_disk_that_is_nearly_full_is_named() -> None:
    if reason := faults.why_no_small_disk():
        pytest.skip(reason)
    with faults.small_disk() as folder:
        steps = Steps(Settings(_env_file=None, data_dir=folder))
        assert "MB left" in _problems(steps)
        steps.store.dispose()


def test_a_clock_that_differs_from_the_database_is_named(postgres_server: str, tmp_path: Path) -> None:
    settings = settings_for(tmp_path, new_database(postgres_server, "doctor"), "http://127.0.0.1:9")
    right = Steps(settings)
    wrong = Steps(settings, clock=lambda: utc_now() + timedelta(seconds=30))

    assert "apart" not in _problems(right)
    assert "30 s apart" in _problems(wrong)
    with pytest.raises(PermanentError, match="30 s apart: nothing is sent from here"):
        wrong.send_due()
    for steps in (right, wrong):
        steps.store.dispose()


def test_a_copy_that_the_key_does_not_open_is_named(
    warehouse: duckdb.DuckDBPyConnection,  # noqa: F811 -- a fixture
    now: datetime,
    tmp_path: Path,
) -> None:
    build(warehouse, now=now)
    publish(warehouse, tmp_path / "serve", now, "a key")
    right = Steps(Settings(_env_file=None, data_dir=tmp_path, warehouse_key=SecretStr("a key")))
    without = Steps(Settings(_env_file=None, data_dir=tmp_path))

    assert "copy does not open" not in _problems(right)
    assert "set BMA_WAREHOUSE_KEY to the key it was written with" in _problems(without)
    for steps in (right, without):
        steps.store.dispose()
