"""The questions that readers of a lake ask: no to marts of one build, yes to marts of two."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from bench.lake_process import MIXTURES
from tests.warehouse.conftest import add, make_raw_tables
from warehouse.build import build
from warehouse.connect import connect


@pytest.fixture
def built(now: datetime) -> Iterator[duckdb.DuckDBPyConnection]:
    """A warehouse of one build: an email that was opened and a WhatsApp message that was read."""
    with connect(Path(":memory:")) as connection:
        make_raw_tables(connection)
        for number, (channel, event_type) in enumerate((("email", "opened"), ("whatsapp", "read"))):
            whose = {"message_id": f"m{number}", "contact_id": "p1", "channel": channel}
            sent = {"campaign_id": "c", "run_id": "r", "purpose": "renewal", "status": "sent"}
            times = {"planned_at": now, "accepted_at": now, "sent_at": now}
            add(connection, "journal__messages", whose | sent | times)
            seen = {"event_id": f"e{number}", "event_type": event_type, "occurred_at": now + timedelta(hours=1)}
            add(connection, "journal__events", whose | seen)
        build(connection, now=now)
        yield connection


def mixtures(connection: duckdb.DuckDBPyConnection) -> set[str]:
    return {name for name, query in MIXTURES.items() if connection.execute(query).fetchall() != [(0,)]}


def test_marts_of_one_build_are_no_mixture_whatever_a_channel_calls_an_opening(built) -> None:
    opened = built.execute("select count(first_opened_at), count(sent_at) from marts.messages").fetchall()

    assert opened == [(2, 2)]
    assert mixtures(built) == set()


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ("delete from marts.message_events where event_id = 'e0'", {"first opening"}),
        ("delete from marts.message_events where event_id = 'e1'", {"first opening"}),
        ("delete from marts.messages where message_id = 'm1'", {"event of no message", "messages of the day's totals"}),
        ("delete from marts.daily_run_metrics where channel = 'email'", {"messages of the day's totals"}),
    ],
)
def test_a_mart_of_another_build_is_seen(built, change: str, found: set[str]) -> None:
    built.execute(change)

    assert mixtures(built) == found
