"""The same seed gives the same counts: a run can be repeated and compared."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from cli.demo import run_demo
from core.settings import Settings

pytestmark = pytest.mark.timeout(900)  # a world lives through weeks: minutes on a busy machine


def _live(data_dir: Path) -> dict[str, Any]:
    settings = Settings(_env_file=None, data_dir=data_dir, public_url="http://127.0.0.1:0")
    end = datetime(2026, 6, 19, tzinfo=UTC)
    result = run_demo(companies=60, days=2, seed=11, settings=settings, end=end, say=print)
    return {key: value for key, value in result.items() if key != "seconds"}


def test_two_runs_of_one_seed_agree(tmp_path: Path) -> None:
    first = _live(tmp_path / "first")

    assert first["decisions"] > 0
    assert first == _live(tmp_path / "second")
