"""Headers are contracts: a table says what finds a row, which words it uses, whose ids it holds, and is held to it."""

import json
from collections.abc import Collection
from datetime import datetime
from pathlib import Path

import duckdb
import pytest

from core.errors import PermanentError
from core.vocabulary import Actor, Channel, EventType, Outcome, Purpose, Status
from tests.warehouse.conftest import add
from warehouse.build import build
from warehouse.catalog import Model, read_model, read_models
from warehouse.checks import SAMPLE_ROWS, check_all, run_checks
from warehouse.publish import newest, publish_checked

MODELS = {str(model.address): model for model in read_models()}
MARTS = [model for model in MODELS.values() if model.address.layer == "marts"]
# Columns whose words are given in the contract of names, with the words.
VOCABULARY: dict[str, Collection[str]] = {
    "channel": set(Channel),
    "event_type": set(EventType),
    "actor": set(Actor),
    "purpose": set(Purpose),
    "outcome": set(Outcome),
}
# Words besides: of a group of people for whom no address was found, and of a suppression of everything.
BESIDES = {("marts.campaign_results", "channel"): "none"} | {
    ("staging.journal__suppressions", column): "all" for column in ("channel", "purpose")
}


def _key(model: Model) -> list[str]:
    return [name.strip() for name in model.unique[0].split(",")] if model.unique else []


def _address(model: Model) -> str:
    return str(model.address)


@pytest.mark.parametrize("model", MODELS.values(), ids=_address)
def test_every_table_has_a_key_without_holes_and_words_for_every_column(model: Model) -> None:
    assert _key(model)
    assert all(model.columns.values())
    for column in _key(model):
        assert column in model.not_null or "null" in model.columns[column], (
            f"{column}: not_null, or say what null means"
        )


@pytest.mark.parametrize("model", MODELS.values(), ids=_address)
def test_words_that_others_rely_on_are_checked(model: Model) -> None:
    accepted = {column: set(values) for column, values in model.accepted}
    for column in VOCABULARY.keys() & model.columns.keys():
        assert accepted[column] - {BESIDES.get((_address(model), column))} == VOCABULARY[column], column


@pytest.mark.parametrize("table", ["marts.messages", "staging.journal__messages"])
def test_a_messages_status_is_one_of_the_ladder_or_an_exit(table: str) -> None:
    assert set(dict(MODELS[table].accepted)["status"]) == set(Status)


@pytest.mark.parametrize("model", MARTS, ids=_address)
def test_every_id_of_a_mart_names_a_table_or_says_why_not(model: Model) -> None:
    said = {relation.column for relation in model.relations} | dict(model.unrelated).keys()
    ids = {column for column in model.columns if column.endswith("_id") and _key(model) != [column]}

    assert ids - said == set()
    assert all(dict(model.unrelated).values())
    assert said <= model.columns.keys()


def test_a_relation_to_a_table_that_is_not_there_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "marts" / "new.sql"
    path.parent.mkdir()
    path.write_text("-- description: New.\n-- column: a_id | A.\n-- relation: a_id is somewhere\nselect 1 as a_id\n")

    with pytest.raises(PermanentError, match="is no relation"):
        read_model(path)


def _orphans(connection: duckdb.DuckDBPyConnection, now: datetime, rows: int) -> None:
    for number in range(rows):
        event = {"event_id": f"e{number}", "message_id": "lost", "channel": "email", "event_type": "sent"}
        add(
            connection,
            "journal__events",
            {**event, "actor": "unknown", "occurred_at": now, "address": "ann@example.com"},
        )
    build(connection, now=now)


def test_a_broken_relation_stops_publishing_and_names_a_few_rows_by_their_keys(
    warehouse: duckdb.DuckDBPyConnection, now: datetime, tmp_path: Path
) -> None:
    _orphans(warehouse, now, rows=9)

    with pytest.raises(PermanentError, match=r"message_events.message_id is in marts.messages.message_id \(9 rows"):
        publish_checked(warehouse, tmp_path, now)
    assert newest(tmp_path) is None
    (kept,) = warehouse.execute("select sample, query, broken_rows from marts.checks where not is_ok").fetchall()
    assert json.loads(kept[0]) == [{"event_id": f"e{number}"} for number in range(SAMPLE_ROWS)]
    assert len(warehouse.execute(kept[1]).fetchall()) == kept[2] == 9


def test_a_relation_that_may_dangle_warns_and_stops_nothing(
    warehouse: duckdb.DuckDBPyConnection, now: datetime, tmp_path: Path
) -> None:
    add(warehouse, "crm__contacts", {"id": "p1", "company": "gone", "name": "Ann", "_is_deleted": False})
    build(warehouse, now=now)
    version = publish_checked(warehouse, tmp_path, now)

    assert newest(tmp_path) == version
    query = "select table_name, severity, sample from marts.checks where not is_ok"
    assert warehouse.execute(query).fetchall() == [("marts.contacts", "warning", '[{"contact_id": "p1"}]')]


def test_a_sample_never_shows_a_contact_detail(warehouse: duckdb.DuckDBPyConnection, now: datetime) -> None:
    state = {"contact_id": "p1", "channel": "email", "address": "ann.secret@example.com"}
    for _ in range(2):
        add(warehouse, "journal__channel_addresses", state)
    build(warehouse, now=now)
    broken = {check.name: check.sample for check in check_all(warehouse, now) if not check.is_ok}

    first = "staging.journal__channel_addresses: contact_id, channel, address is unique"
    assert broken[first] == ({"contact_id": "p1", "channel": "email"},)
    assert "ann.secret" not in str(broken)


def test_tables_not_built_yet_are_not_compared_with(warehouse: duckdb.DuckDBPyConnection, now: datetime) -> None:
    model = MODELS["marts.message_events"]
    _orphans(warehouse, now, rows=1)
    warehouse.execute("drop table marts.messages")

    assert all(check.is_ok for check in run_checks(warehouse, model, built={_address(model), "marts.contacts"}))
