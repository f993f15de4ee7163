"""Models: they build on nothing, keep their promises, and say what the header says."""

import re
import tomllib
from datetime import datetime, timedelta
from pathlib import Path

import duckdb
import pytest
import sqlglot
from sqlglot import exp

import warehouse as package
from core.errors import PermanentError
from tests.warehouse.conftest import add
from warehouse.build import build
from warehouse.catalog import Model, read_models
from warehouse.checks import run_checks
from warehouse.dictionary import main

_FOLDER = Path(package.__file__).parent


def _model(address: str) -> Model:
    return next(model for model in read_models() if str(model.address) == address)


def _story(connection: duckdb.DuckDBPyConnection, now: datetime) -> None:
    add(
        connection,
        "crm__companies",
        {
            "id": "c1",
            "name": "Siam Stay",
            "country": "UAE",
            "is_active": True,
            "_is_deleted": False,
            "_loaded_at": now,
            "updated_at": now,
        },
    )
    add(
        connection,
        "crm__contacts",
        {
            "id": "p1",
            "company": "c1",
            "name": "Ann Example",
            "email": "Ann@Example.com",
            "mobile": "050 123 4567",
            "is_active": True,
            "receives_renewal_emails": True,
            "_is_deleted": False,
            "_loaded_at": now,
            "updated_at": now,
        },
    )
    add(
        connection,
        "crm__contact_preferences",
        {"contact_id": "p1", "unsubscribed": False, "receives_notifications": True, "_loaded_at": now},
    )


def test_every_model_builds_on_empty_raw_tables_and_keeps_its_promises(
    warehouse: duckdb.DuckDBPyConnection, now: datetime
) -> None:
    runs = build(warehouse, now=now)

    assert [run.model for run in runs] == list(read_models())
    assert [check for run in runs for check in run_checks(warehouse, run.model) if not check.is_ok] == []


def test_a_contact_is_reachable_in_its_country_and_agrees_only_to_what_the_flags_say(
    warehouse: duckdb.DuckDBPyConnection, now: datetime
) -> None:
    _story(warehouse, now)
    build(warehouse, now=now)

    query = "select email, mobile, mobile_as_typed, time_zone, consents from marts.contacts"
    assert warehouse.execute(query).fetchall() == [
        ("ann@example.com", "+971501234567", "050 123 4567", "Asia/Dubai", ["renewal"])
    ]


def test_a_value_of_the_history_holds_until_the_next_one(warehouse: duckdb.DuckDBPyConnection, now: datetime) -> None:
    later = now + timedelta(hours=1)
    change = {"entity": "contracts", "entity_id": "k1", "field": "status"}
    add(warehouse, "crm__history", {**change, "old_value": "Draft", "new_value": "Sent", "valid_from": now})
    add(warehouse, "crm__history", {**change, "old_value": "Sent", "new_value": "Active", "valid_from": later})
    add(warehouse, "crm__history", {**change, "entity_id": "k2", "new_value": "Sent", "valid_from": later})
    build(warehouse, now=now, select={"staging.crm__history", "marts.crm_history"})

    query = "select new_value, valid_from, valid_to from marts.crm_history order by entity_id, valid_from"
    assert warehouse.execute(query).fetchall() == [("Sent", now, later), ("Active", later, None), ("Sent", later, None)]


@pytest.mark.parametrize("change", ["unsubscribed = true", "receives_notifications = false"])
def test_who_opted_out_in_the_crm_agrees_to_nothing(
    warehouse: duckdb.DuckDBPyConnection, now: datetime, change: str
) -> None:
    _story(warehouse, now)
    warehouse.execute(f"update raw.crm__contact_preferences set {change}")
    build(warehouse, now=now)

    assert warehouse.execute("select consents from marts.contacts").fetchall() == [([],)]


def test_a_broken_promise_is_counted(warehouse: duckdb.DuckDBPyConnection, now: datetime) -> None:
    _story(warehouse, now)
    build(warehouse, now=now)
    warehouse.execute("insert into marts.contacts from marts.contacts")

    broken = [check for check in run_checks(warehouse, _model("marts.contacts")) if not check.is_ok]
    assert [(check.name, check.broken_rows) for check in broken] == [("marts.contacts: contact_id is unique", 1)]


def test_a_missing_raw_table_names_the_command_that_loads_it(
    warehouse: duckdb.DuckDBPyConnection, now: datetime
) -> None:
    warehouse.execute("drop table raw.crm__zones")

    with pytest.raises(PermanentError, match="bma sync crm"):
        build(warehouse, now=now)


@pytest.mark.parametrize("model", read_models(), ids=lambda model: str(model.address))
def test_the_header_names_exactly_the_tables_the_query_reads(model: Model) -> None:
    tree = sqlglot.parse_one(model.sql, dialect="duckdb")
    read = {f"{table.db}.{table.name}" for table in tree.find_all(exp.Table) if table.db}

    assert read == {str(address) for address in model.depends}


def test_one_word_one_meaning_in_the_words_of_the_glossary() -> None:
    listed = tomllib.loads((_FOLDER / "columns.toml").read_text())
    glossary = {name: {meaning} if isinstance(meaning, str) else set(meaning) for name, meaning in listed.items()}
    used: dict[str, set[str]] = {}
    for model in read_models():
        for name, meaning in model.columns.items():
            used.setdefault(name, set()).add(meaning)

    assert used.keys() - glossary.keys() == set()
    assert glossary.keys() - used.keys() == set()
    assert {name: meanings - glossary[name] for name, meanings in used.items() if meanings - glossary[name]} == {}
    assert {name: glossary[name] - meanings for name, meanings in used.items() if glossary[name] - meanings} == {}


def test_no_column_is_described_by_its_name_alone() -> None:
    empty = re.compile(r"as its source has it|^Identifier of|in the words of its source")

    assert [meaning for model in read_models() for meaning in model.columns.values() if empty.search(meaning)] == []


def test_the_data_dictionary_is_up_to_date() -> None:
    assert main(["--check"]) == 0


@pytest.mark.parametrize(
    ("event_type", "detail", "seconds", "actor"),
    [
        ("opened", '{"user_agent": "Mozilla/5.0"}', 60, "machine"),
        ("opened", '{"user_agent": "Mozilla/5.0 (Macintosh) AppleWebKit/605.1.15 (KHTML, like Gecko)"}', 60, "human"),
        ("opened", '{"user_agent": "Mozilla/5.0 Firefox/11.0 (via ggpht.com GoogleImageProxy)"}', 60, "human"),
        ("opened", '{"user_agent": "YahooMailProxy; https://help.yahoo.com/kb/SLN28749.html"}', 60, "human"),
        ("clicked", '{"user_agent": "YahooMailProxy; https://help.yahoo.com/kb/SLN28749.html"}', 60, "machine"),
        ("clicked", '{"user_agent": "Mozilla/5.0 Firefox/140.0", "method": "HEAD"}', 60, "machine"),
        ("clicked", '{"user_agent": "Mozilla/5.0 Firefox/140.0"}', 2, "machine"),
        ("clicked", '{"user_agent": "Mozilla/5.0 Firefox/140.0"}', 60, "human"),
        ("clicked", '{"user_agent": "Barracuda Sentinel"}', 60, "machine"),
        ("opened", "{}", 60, "unknown"),
    ],
)
def test_machines_are_told_from_people(
    warehouse: duckdb.DuckDBPyConnection, now: datetime, event_type: str, detail: str, seconds: int, actor: str
) -> None:
    add(warehouse, "journal__messages", {"message_id": "m1", "channel": "email", "accepted_at": now})
    add(
        warehouse,
        "journal__events",
        {
            "event_id": "e1",
            "message_id": "m1",
            "channel": "email",
            "event_type": event_type,
            "detail": detail,
            "occurred_at": now + timedelta(seconds=seconds),
        },
    )
    build(warehouse, now=now)

    query = "select actor, classifier_version from marts.message_events"
    assert warehouse.execute(query).fetchall() == [(actor, "2")]


def test_who_follows_the_hidden_link_is_a_machine_in_all_it_did_about_then(
    warehouse: duckdb.DuckDBPyConnection, now: datetime
) -> None:
    add(
        warehouse,
        "journal__messages",
        {"message_id": "m1", "channel": "email", "accepted_at": now - timedelta(hours=1)},
    )
    hits = [("opened", None, -30), ("clicked", "l1", 2), ("clicked", "honeypot", 0), ("clicked", "l1", 90)]
    for event_type, link_id, seconds in hits:
        event = {
            "event_id": f"{event_type} {seconds}",
            "message_id": "m1",
            "channel": "email",
            "event_type": event_type,
            "link_id": link_id,
            "detail": '{"user_agent": "Mozilla/5.0 Firefox/140.0"}',
            "occurred_at": now + timedelta(seconds=seconds),
        }
        add(warehouse, "journal__events", event)
    build(warehouse, now=now)

    query = "select event_id, actor, actor_reason from marts.message_events order by occurred_at"
    assert warehouse.execute(query).fetchall() == [
        ("opened -30", "machine", "honeypot"),
        ("clicked 0", "machine", "honeypot"),
        ("clicked 2", "machine", "honeypot"),
        ("clicked 90", "human", "like_a_person"),
    ]


def test_the_lift_interval_is_the_published_one_for_hillstroms_mens_mail(
    warehouse: duckdb.DuckDBPyConnection,
) -> None:
    query = "select lift_low(x1, n1, x2, n2), lift_high(x1, n1, x2, n2) from (values (?, ?, ?, ?)) as t(x1, n1, x2, n2)"
    low, high = warehouse.execute(query, [3894.0, 21307.0, 2262.0, 21306.0]).fetchone() or (0, 0)

    assert (low, high) == pytest.approx((0.06995331, 0.08322674), abs=1e-6)


def test_a_company_counts_once_however_many_subjects_it_has(
    warehouse: duckdb.DuckDBPyConnection, now: datetime
) -> None:
    for number, outcome in enumerate(["send", "send", "send", "holdout"]):
        add(
            warehouse,
            "campaigns__decisions",
            {
                "run_id": "r1",
                "campaign_id": "renewal",
                "step": "1",
                "contact_id": f"p{number}",
                "outcome": outcome,
                "company_id": "kept" if outcome == "holdout" else "treated",
                "channel": "email",
                "decided_at": now,
                "subject_type": "contract",
                "subject_id": f"k{number}",
                "snapshot_id": "s",
                "variant": "a",
                "reason": "",
            },
        )
    build(warehouse, now=now)

    assert warehouse.execute("select treated, held_out from marts.campaign_lift").fetchall() == [(1, 1)]
