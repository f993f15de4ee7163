"""``bma segment``: questions about who is in, answered as JSON, and exit codes a review can stand on."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
from typer.testing import CliRunner, Result

from cli.__main__ import app
from core.errors import PermanentError
from core.settings import load_settings
from core.store.engine import open_store
from tests.campaigns.conftest import Town
from tests.warehouse.conftest import warehouse  # noqa: F401 -- a fixture

Run = Callable[..., Result]
RULES = """
segment_id: many_zones
name: Many zones
name_th: หลายโซน
version: 1
where:
  all:
    - {field: company.zone_count, at_least: %d}
    - {field: company.country, is: %s}
"""


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, warehouse: duckdb.DuckDBPyConnection) -> Iterator[Run]:  # noqa: F811
    """A town of two companies, two days old: one zone and three; the warehouse is closed for the commands."""
    monkeypatch.setenv("BMA_DATA_DIR", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    load_settings.cache_clear()
    town = Town(warehouse, open_store(f"sqlite:///{tmp_path / 'store.db'}"), datetime.now(UTC) - timedelta(days=2))
    small, big = town.company(), town.company()
    town.contact(small, id="small"), town.contact(big, id="big")
    town.zone(big), town.zone(big)
    town.settle()
    town.store.dispose()
    warehouse.close()
    for name, least in (("one", 1), ("three", 3)):
        (tmp_path / f"{name}.yaml").write_text(RULES % (least, "Thailand"))
    yield lambda *words: CliRunner().invoke(app, ["segment", *words])
    load_settings.cache_clear()


def _json(result: Result, exit_code: int = 0) -> Any:
    assert result.exit_code == exit_code, result.output
    return json.loads(result.stdout)


def test_a_definition_is_checked_saved_reviewed_and_explained(run: Run) -> None:
    assert _json(run("check", "one.yaml", "--json")) == {"segment_id": "many_zones", "members": 2}
    assert _json(run("save", "one.yaml", "--by", "malee", "--json")) == {"segment_id": "many_zones", "version": 1}
    told = _json(run("diff", "many_zones", "three.yaml", "--json", "--exit-code"), exit_code=2)
    assert (told["entered"], told["left"], told["stayed"], told["summary"]) == (0, 1, 1, "+0 −1")
    assert run("diff", "many_zones", "one.yaml", "--exit-code").exit_code == 0
    assert _json(run("save", "three.yaml", "--json"))["version"] == 2

    small = _json(run("explain", "many_zones", "small", "--json"))
    assert small["is_in"] is False
    assert [(each["place"], each["held"], each["value"]) for each in small["subjects"][0]["clauses"]] == [
        ("where.all[1]", False, "1"),
        ("where.all[2]", True, "Thailand"),
    ]
    long_ago = _json(run("explain", "many_zones", "big", "--as-of", "2020-01-01", "--json"))
    assert long_ago["is_in"] is False
    assert "history begins on" in long_ago["notes"][0]
    assert _json(run("diff", "many_zones@1", "many_zones@2", "--json"))["left"] == 1


def test_a_backtest_and_an_overlap_answer_as_json(run: Run) -> None:
    told = _json(run("backtest", "quarterly_checkin_due", "--days", "2", "--json"))
    assert [day["members"] for day in told["days"]] == [0, 0]
    found = _json(run("overlap", "renewal_due", "win_back", "--json"))
    assert found["pairs"] == [{"a": "renewal_due", "b": "win_back", "both": 0, "only_a": 0, "only_b": 0, "share": 0.0}]


def test_a_word_that_no_company_has_is_refused_before_it_is_saved(run: Run, tmp_path: Path) -> None:
    (tmp_path / "wrong.yaml").write_text(RULES % (1, "Thialand"))
    for command in ("check", "save"):
        result = run(command, "wrong.yaml")
        assert isinstance(result.exception, PermanentError)
        assert "did you mean 'Thailand'?" in str(result.exception)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("explain", "renewal_du", "big"), "did you mean 'renewal_due'"),
        (("explain", "renewal_due", "big", "--as-of", "yesterday"), "takes a day like 2026-03-01"),
        (("diff", "renewal_due", "renewal_due@9"), "no such version was saved"),
        (("diff", "renewal_due", "none.yaml"), "cannot be read"),
        (("overlap", "renewal_due", "renewal_due"), "two different segments"),
    ],
)
def test_what_is_asked_wrongly_says_what_to_do(run: Run, words: tuple[str, ...], said: str) -> None:
    result = run(*words)

    assert result.exit_code == 1
    assert said in str(result.exception)
