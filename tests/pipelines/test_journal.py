"""The store's rows in the warehouse: they arrive, change with the store, and are all there."""

import time
from datetime import timedelta
from decimal import Decimal

import pytest
import sqlalchemy as sa

from bench import postgres
from core.clock import utc_now
from core.errors import PermanentError
from core.store import campaigns, events, ledger, tables
from core.store.engine import open_store
from core.vocabulary import Channel, EventType
from pipelines import journal
from pipelines.journal.source import KEYS, TABLES

HOUR = timedelta(hours=1)


def planned(message_id):
    return {
        "message_id": message_id,
        "campaign_id": "renewal",
        "run_id": "run",
        "step": "first",
        "variant": "a",
        "contact_id": "contact",
        "company_id": "company",
        "channel": Channel.LINE,
        "purpose": "service",
        "address": "U1",
        "template_id": "renewal",
        "template_version": 1,
        "language": "th",
        "variables": {"name": "สมชาย"},
        "subject_type": None,
        "subject_id": None,
        "priority": 1,
        "not_before": None,
        "expires_at": None,
        "snapshot_id": None,
    }


def opened(event_id, message_id, at):
    return events.Event(
        event_id=event_id,
        channel=Channel.LINE,
        event_type=EventType.OPENED,
        occurred_at=at,
        provider_event_type="open",
        message_id=message_id,
        detail={"user_agent": "test"},
    )


@pytest.fixture
def load(store, tmp_path):
    return lambda **options: journal.load(
        store, data_dir=tmp_path, warehouse_path=tmp_path / "warehouse.duckdb", **options
    )


def test_all_tables_stand_even_when_the_store_is_empty(load, ask):
    report = load()

    found = set(ask("select table_name, column_name from duckdb_columns() where schema_name = 'raw'"))
    assert {(name, column) for name, columns in TABLES.items() for column in columns} <= found
    assert set(report.rows) == set(KEYS)


def test_messages_and_events_arrive_and_updates_merge(load, ask, store, now):
    with store.begin() as connection:
        ledger.plan(connection, [planned("m1"), planned("m2")], now)
        events.record(connection, [opened("e1", "m1", now)], received_at=now, now=now)
    load()

    with store.begin() as connection:
        change = sa.update(tables.messages).where(tables.messages.c.message_id == "m1")
        cost = {"cost_amount": Decimal("0.0128"), "cost_currency": "USD"}
        connection.execute(change.values(status="accepted", updated_at=now + HOUR, **cost))
    report = load()

    assert ask("select message_id, status, cost_amount from raw.journal__messages order by 1") == [
        ("m1", "accepted", Decimal("0.0128")),
        ("m2", "planned", None),
    ]
    assert ask("select event_id, contact_id, occurred_at, detail ->> '$.user_agent' from raw.journal__events") == [
        ("e1", "contact", now, "test")
    ]
    assert report.rows["journal__messages"] == 1 and report.rows["journal__events"] == 0


def test_rows_that_commit_late_within_the_overlap_are_found(load, ask, store, now):
    with store.begin() as connection:
        events.record(connection, [opened("e1", None, now)], received_at=now, now=now)
    load()
    with store.begin() as connection:
        events.record(connection, [opened("e2", None, now)], received_at=now, now=now - timedelta(minutes=9))

    load()
    load()

    assert ask("select event_id from raw.journal__events order by 1") == [("e1",), ("e2",)]


def test_a_row_that_commits_long_after_later_ones_is_not_skipped(ask, postgres_server, tmp_path, monkeypatch):
    # A transaction five times as old as what is read again anyway: an hour for ten minutes, here in seconds.
    monkeypatch.setattr(journal, "OVERLAP", timedelta(seconds=0.2))
    store = open_store(postgres.new_database(postgres_server, "late"))
    late = store.connect()
    late.begin()
    began = utc_now()
    events.record(late, [opened("early", None, began)], received_at=began, now=began)
    for event_id in ("e1", "e2"):
        time.sleep(0.5)
        with store.begin() as connection:
            events.record(connection, [opened(event_id, None, utc_now())], received_at=utc_now(), now=utc_now())
        journal.load(store, data_dir=tmp_path, warehouse_path=tmp_path / "warehouse.duckdb")
    before = ask("select event_id from raw.journal__events order by 1")
    late.commit()
    late.close()

    report = journal.load(store, data_dir=tmp_path, warehouse_path=tmp_path / "warehouse.duckdb")

    assert before == [("e1",), ("e2",)]
    assert ask("select event_id from raw.journal__events order by 1") == [("e1",), ("e2",), ("early",)]
    assert report.rows["journal__events"] == 1
    store.dispose()


def test_rows_written_after_the_clock_was_set_back_are_found(load, ask, store, now):
    with store.begin() as connection:
        events.record(connection, [opened("e1", None, now)], received_at=now, now=now)
    load(now=now)
    with store.begin() as connection:
        events.record(connection, [opened("e2", None, now)], received_at=now, now=now - 2 * HOUR)

    load(now=now - HOUR)

    assert ask("select event_id from raw.journal__events order by 1") == [("e1",), ("e2",)]


def test_a_row_from_the_future_hides_none_that_come_after_it(load, ask, store, now):
    with store.begin() as connection:
        events.record(connection, [opened("e1", None, now)], received_at=now, now=now + 24 * HOUR)
    load(now=now)
    with store.begin() as connection:
        events.record(connection, [opened("e2", None, now)], received_at=now, now=now + HOUR)

    load(now=now + 2 * HOUR)

    assert ask("select event_id from raw.journal__events order by 1") == [("e1",), ("e2",)]


def test_a_load_that_failed_has_completed_nothing(load, ask, store, now, monkeypatch):
    with store.begin() as connection:
        events.record(connection, [opened("e1", None, now)], received_at=now, now=now)
    load(now=now)

    def die(*_args, **_options):
        raise PermanentError("the disk is full")

    with store.begin() as connection:
        events.record(connection, [opened("e2", None, now)], received_at=now, now=now + HOUR)
    with monkeypatch.context() as broken:
        broken.setattr(journal, "load_tables", die)
        with pytest.raises(PermanentError):
            load(now=now + HOUR)

    assert ask("select distinct complete_until <= ? from raw.journal__loads", now) == [(True,)]
    assert load(now=now + 2 * HOUR).rows["journal__events"] == 1


def test_each_load_has_a_number_above_those_before(load, ask, store, now):
    for number in range(3):
        with store.begin() as connection:
            events.record(connection, [opened(f"e{number}", None, now)], received_at=now, now=now)
        load()

    numbers = ask("select _load_number from raw.journal__events order by event_id")
    assert numbers == sorted(set(numbers)) and len(numbers) == 3


def test_a_lifted_hold_leaves_the_warehouse(load, ask, store, now):
    with store.begin() as connection:
        campaigns.set_hold(connection, "channel:line", "quiet", "admin", now)
        campaigns.set_hold(connection, "all", "fire", "admin", now)
    load()
    with store.begin() as connection:
        campaigns.lift_hold(connection, "all")
    load()
    first = ask("select scope from raw.journal__holds")
    with store.begin() as connection:
        campaigns.lift_hold(connection, "channel:line")

    load()

    assert first == [("channel:line",)]
    assert ask("select scope from raw.journal__holds") == []


def test_a_load_that_brings_nothing_is_written_down_all_the_same(load, ask, now):
    load(now=now)
    load(now=now + timedelta(minutes=5))

    assert ask("select distinct loaded_at, row_count from raw.journal__loads") == [(now + timedelta(minutes=5), 0)]
