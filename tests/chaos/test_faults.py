"""Faults of the world in short: the disk fills, the database goes, the clock is set back, the provider is down."""

import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from assets.steps import Steps
from bench import faults, postgres
from bench.accounts import MUST_BE_ZERO
from bench.scene import Scene
from bench.working import settings_for
from cli.__main__ import app
from core.settings import Settings, load_settings
from warehouse.build import build

NOTHING = dict.fromkeys(MUST_BE_ZERO, 0)
WAITS = (Path(__file__).parents[2] / "dashboard" / "queries" / "waits.sql").read_text()


def _zeros(result: dict[str, Any]) -> dict[str, int]:
    return {name: result[name] for name in MUST_BE_ZERO}


def test_a_full_disk_stops_sending_says_so_and_ends_by_itself() -> None:
    if reason := faults.why_no_small_disk():
        pytest.skip(reason)
    result = faults.disk_full(0.2)

    assert _zeros(result) == NOTHING, result
    assert result["stood_still"], result
    assert result["in_doubt"] == 0, result
    assert "disk is full" in result["reason"], result
    assert result["webhooks_refused"] > 0, result


def test_while_postgresql_is_stopped_nothing_is_lost_and_webhooks_come_again() -> None:
    if not postgres.is_installed():
        pytest.skip(postgres.MISSING)
    result = faults.database_gone(0.2)

    assert _zeros(result) == NOTHING, result
    assert result["stood_still"], result
    assert result["in_doubt"] == 0, result
    assert "connection" in result["reason"], result
    assert result["webhooks_refused"] > 0, result


def test_a_locked_sqlite_is_waited_for() -> None:
    result = faults.database_gone(2.5, store="sqlite")

    assert _zeros(result) == NOTHING, result
    assert result["stood_still"], result
    assert result["in_doubt"] == 0, result


def test_a_clock_set_back_an_hour_while_sending_stops_nobody_and_doubles_nothing() -> None:
    result = faults.clock_set_back()

    assert _zeros(result) == NOTHING, result
    assert result["seconds_to_the_end"] < 30, result


def test_a_provider_down_for_an_hour_is_probed_and_costs_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: dict[str, Any] = {}

    def look(stage: Scene) -> None:
        seen.update(_what_people_see(stage, tmp_path, monkeypatch))

    result = faults.provider_down(look)

    assert _zeros(result) == NOTHING, result
    assert (result["in_doubt"], result["attempts_used"]) == (0, 0), result
    assert 10 <= result["requests_in_the_hour"] <= 60, result
    assert result["found_out_after"] < 900, result
    for place in ("hold list", "marts.waits", "data health"):
        assert seen[place][0] == "channel:whatsapp", seen
        assert seen[place][1].startswith("the provider does not answer"), seen


def _what_people_see(stage: Scene, folder: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, tuple[str, str]]:
    """Look at a copy of the store, at one moment."""
    moment = stage.times.now()
    with sqlite3.connect(stage.settings.effective_store_url.removeprefix("sqlite:///")) as original:
        original.backup(sqlite3.connect(folder / "store.db"))
    settings: Settings = settings_for(folder, "", "http://127.0.0.1:9")
    steps = Steps(settings, clock=lambda: moment)
    steps.sync_journal()
    with steps.warehouse() as warehouse:
        build(warehouse, now=moment, select={"staging.journal__holds", "staging.journal__lanes", "marts.waits"})
        mart = warehouse.execute("select scope, reason from marts.waits").fetchone()
        page = warehouse.execute(WAITS).fetchone()
    monkeypatch.setenv("BMA_DATA_DIR", str(folder))
    load_settings.cache_clear()
    listed = json.loads(CliRunner().invoke(app, ["hold", "list", "--json"]).stdout)[0]
    load_settings.cache_clear()
    return {"hold list": (listed["scope"], listed["reason"]), "marts.waits": mart, "data health": page}
