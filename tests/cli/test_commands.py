"""``bma`` on the command line: what it prints, what it changes, and what it says of a mistake."""

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from typer.testing import CliRunner, Result

from bench.outbox_of import plan
from cli.__main__ import app
from core.clock import utc_now
from core.errors import PermanentError
from core.settings import load_settings
from core.store import campaigns, lanes, ledger, outbox
from core.store.engine import open_store
from core.store.tables import audit
from tests.warehouse.conftest import add, warehouse  # noqa: F401 -- a fixture
from warehouse.build import build
from warehouse.publish import Version, publish

Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Run]:
    monkeypatch.setenv("BMA_DATA_DIR", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    load_settings.cache_clear()
    yield lambda *words: CliRunner().invoke(app, list(words))
    load_settings.cache_clear()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[sa.Engine]:
    engine = open_store(f"sqlite:///{tmp_path / 'store.db'}")
    yield engine
    engine.dispose()


def _json(result: Result) -> Any:
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_every_command_helps_with_an_example(run: Run) -> None:
    def walk(command: Any, *path: str) -> Iterator[tuple[str, ...]]:
        for name, inner in getattr(command, "commands", {}).items():
            yield from walk(inner, *path, name)
        if not hasattr(command, "commands"):
            yield path

    import typer.main

    found = list(walk(typer.main.get_command(app)))
    assert len(found) > 15
    for path in found:
        result = run(*path, "--help")
        assert result.exit_code == 0
        assert "Example:" in result.stdout, path


def test_a_hold_is_set_listed_audited_and_lifted(run: Run, store: sa.Engine) -> None:
    assert run("hold", "set", "campaign:renewal", "--reason", "wrong price").exit_code == 0
    assert _json(run("hold", "list", "--json"))[0] == {
        "scope": "campaign:renewal",
        "reason": "wrong price",
        "until": "somebody lifts it",
    }
    assert run("hold", "lift", "campaign:renewal").exit_code == 0
    assert _json(run("hold", "list", "--json")) == []
    with store.connect() as connection:
        assert [row.action for row in connection.execute(sa.select(audit))] == ["hold", "lift"]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("hold", "set", "everything"), "is no scope"),
        (("hold", "set", "channel:pigeon"), "is no scope"),
        (("hold", "lift", "all"), "is not held"),
        (("campaign", "show", "nope"), "payment_overdue, "),
        (("campaign", "cancel", "nope"), "payment_overdue, "),
        (("segment", "show", "nope"), "payment_overdue, "),
    ],
)
def test_a_mistake_is_named_with_what_there_is(run: Run, words: tuple[str, ...], says: str) -> None:
    result = run(*words)

    assert result.exit_code != 0
    assert isinstance(result.exception, PermanentError)
    assert says in str(result.exception)


def test_show_tells_progress_pace_and_why_the_rest_waits(run: Run, store: sa.Engine) -> None:
    now = utc_now()
    plan(store, 20, ("whatsapp", "email"), now)
    with store.begin() as connection:
        taken = outbox.claim_fairly(
            connection, channel="whatsapp", worker="w", limit=6, now=now, lease=timedelta(seconds=90)
        )
        ledger.accept(connection, [ledger.Receipt(message.message_id, "p") for message in taken[:5]], now)
        ledger.postpone(
            connection,
            taken[5].message_id,
            worker="w",
            not_before=now,
            reason="the provider is busy",
            is_attempt=True,
            now=now,
        )
        campaigns.set_hold(connection, "all", "fire drill", "ada", now)
    found = _json(run("campaign", "show", "renewal", "--json"))

    assert found["by_status"] == {"accepted": 5, "planned": 15}
    assert (found["left"], found["sent_a_minute"], found["minutes_left"]) == (15, 1.0, 15.0)
    assert {each["reason"] for each in found["waiting"]} == {"all is held: fire drill"}
    assert found["held"] == {"all": "fire drill"}
    with store.begin() as connection:
        campaigns.lift_hold(connection, "all")
        lanes.own(connection, "email", "w", now)
        away = lanes.LaneMemory(None, now + timedelta(minutes=5), "the provider does not answer", 5)
        lanes.remember(connection, "email", "w", away, now)
    found = _json(run("campaign", "show", "renewal", "--json"))
    assert {(each["channel"], each["reason"]): each["messages"] for each in found["waiting"]} == {
        ("email", "the provider does not answer"): 10,
        ("whatsapp", "its turn"): 4,
        ("whatsapp", "the provider is busy"): 1,
    }


@pytest.fixture
def version(run: Run, warehouse: Any) -> Version:  # noqa: F811
    """Publish every table, empty but for one contact."""
    add(warehouse, "crm__contacts", {"id": "p1", "name": "Ann", "is_active": True, "_is_deleted": False})
    build(warehouse, now=utc_now())
    return publish(warehouse, load_settings().serve_dir, utc_now())


def test_export_says_what_it_wrote_and_notes_who_took_contact_details(
    run: Run, store: sa.Engine, version: Version, tmp_path: Path
) -> None:
    words = ("export", "out", "--table", "contacts", "--table", "segments", "--json")
    found = _json(run(*words))

    assert (found["version"], found["files"], found["rows"]) == (version.name, 2, 1)
    assert {each["path"] for each in found["written"]} == {"contacts.parquet", "segments.parquet"}
    assert found["size_bytes"] == sum(path.stat().st_size for path in (tmp_path / "out").glob("*.parquet"))
    _json(run("export", "clear", "--table", "contacts", "--with-contact-details", "--json"))
    with store.connect() as connection:
        assert [(row.action, row.detail) for row in connection.execute(sa.select(audit))] == [
            ("export", {"folder": "clear", "tables": "contacts"})
        ]


def test_export_before_anything_is_published_says_what_to_do(run: Run) -> None:
    with pytest.raises(PermanentError, match="bma publish"):
        raise run("export", "out").exception or AssertionError


def test_a_metric_is_listed_and_measured_by_what_is_asked(run: Run, version: Version) -> None:
    listed = {row["metric"]: row for row in _json(run("metric", "list", "--json"))}

    assert listed["open_rate_human"]["by"] == "metric_date, campaign_id, run_id, variant, channel"
    words = ("metric", "show", "open_rate_human", "--only", "channel=email", "--since", "2026-03-01", "--json")
    assert _json(run(*words)) == [{"metric_value": None, "numerator": 0, "denominator": 0}]
    assert _json(run("metric", "show", "sent", "--by", "channel", "--json")) == []
    with pytest.raises(PermanentError, match="say --only"):
        raise run("metric", "show", "sent", "--only", "channel").exception or AssertionError


def test_cancel_ends_what_is_planned_and_nothing_else(run: Run, store: sa.Engine) -> None:
    plan(store, 4, ("whatsapp",), utc_now())

    assert _json(run("campaign", "cancel", "renewal", "--json")) == {"cancelled": 4}
    assert _json(run("campaign", "cancel", "renewal", "--json")) == {"cancelled": 0}


def test_lineage_goes_from_a_number_on_the_dashboard_down_to_the_stores_column(run: Run) -> None:
    told = run("lineage", "dashboard:funnel.delivered").stdout

    assert told.startswith("funnel.delivered\n  marts.campaign_results.delivered\n")
    assert "raw.journal__messages.delivered_at = the store's messages, column delivered_at\n" in told


def test_lineage_as_json_is_a_tree_down_to_the_crms_field(run: Run) -> None:
    (made_of,) = _json(run("lineage", "contacts.email", "--json"))["contacts.email"]

    assert made_of["column"] == "staging.crm__contacts.email"
    assert made_of["made_of"][0]["from"] == "the CRM's contacts, field email"


@pytest.mark.parametrize("name", ["nothing.at_all", "contacts.nothing", "dashboard:nothing", "metric:nothing"])
def test_lineage_of_what_is_not_there_says_what_there_is(run: Run, name: str) -> None:
    assert "there are" in str(run("lineage", name).exception) or "dictionary" in str(run("lineage", name).exception)


def test_a_contact_list_is_looked_at_without_a_trace_then_imported_once(run: Run, tmp_path: Path) -> None:
    (tmp_path / "list.csv").write_text("Email;Kontakt;Tel\nann@x.example;Ann;0812345678\nnobody;Bob;\n")
    (tmp_path / "list.toml").write_text(
        'country = "Singapore"\n[columns]\nKontakt = "company_name"\n'
        '[consent]\npurposes = ["seasonal"]\nevidence = "form"\ngiven_at = 2026-03-01\n'
    )
    words = ("sync", "files", "list.csv", "--list", "expo", "--map", "Kontakt=name", "--mapping", "list.toml", "--json")

    seen = _json(run(*words, "--country", "Thailand", "--preview"))

    assert (seen["separator"], seen["mapping"]["name"]) == (";", "Kontakt")
    assert (seen["accepted_count"], seen["rejected_count"]) == (1, 1)
    assert (seen["rows"][0]["mobile"], seen["rows"][0]["has_consent"]) == ("+66812345678", True)
    assert "None" not in run(*words[:-1], "--country", "Thailand", "--preview").stdout
    assert sorted(path.name for path in tmp_path.iterdir()) == ["list.csv", "list.toml"]

    report = _json(run(*words, "--country", "Thailand"))
    assert (report["version"], report["is_new"], report["consent"]) == (1, True, ["seasonal"])
    assert Path(report["rejects_path"]).exists()
    assert _json(run(*words, "--country", "Thailand"))["is_new"] is False
