"""What we say was taken beside what providers say: by their own days, with every difference named."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import duckdb
import pytest

from tests.warehouse.conftest import add
from warehouse.build import build
from warehouse.catalog import read_models
from warehouse.checks import run_checks

NOW = datetime(2026, 3, 5, 5, 0, tzinfo=UTC)
DAY = timedelta(days=1)
MONDAY = date(2026, 3, 2)
NOON = datetime(2026, 3, 2, 5, 0, tzinfo=UTC)  # in Bangkok
MODELS = {
    "staging.journal__messages",
    "staging.journal__events",
    "staging.providers__daily_totals",
    "staging.providers__quotas",
    "marts._taken_by_run",
    "marts._taken_by_day",
    "marts.reconciliation",
    "marts.quotas",
}
_OFFSET = {"line": timedelta(hours=9), "whatsapp": timedelta(0)}


def message(connection: duckdb.DuckDBPyConnection, key: str, channel: str, **changes: Any) -> None:
    values = {
        "message_id": key,
        "channel": channel,
        "campaign_id": "renewal",
        "run_id": "one",
        "template_id": "renewal_30",
        "status": "accepted",
        "claimed_at": changes.get("accepted_at", NOON),
        "accepted_at": NOON,
    }
    add(connection, "journal__messages", values | changes)


def heard(connection: duckdb.DuckDBPyConnection, key: str) -> None:
    add(connection, "journal__events", {"event_id": f"e{key}", "message_id": key, "event_type": "sent"})


def total(
    connection: duckdb.DuckDBPyConnection, channel: str, sent: int | None, *, template: str = "", **changes: Any
) -> None:
    """Add what a provider says of a day."""
    day = datetime.combine(changes.pop("day", MONDAY), datetime.min.time(), UTC) - _OFFSET[channel]
    values = {
        "channel": channel,
        "counter": "template" if template else "push",
        "template_name": template,
        "starts_at": day,
        "ends_at": day + DAY,
        "status": "ready",
        "sent": sent,
        "_loaded_at": NOW,
    }
    add(connection, "providers__daily_totals", values | changes)


def rows(connection: duckdb.DuckDBPyConnection, columns: str = "our_count, provider_count, state") -> list[Any]:
    """Build, ask every promise, and return the rows by day, channel and campaign."""
    build(connection, now=NOW, select=MODELS)
    for model in read_models():
        if str(model.address) in MODELS:
            assert [check for check in run_checks(connection, model, built=MODELS) if not check.is_ok] == []
    order = "order by metric_date, channel, campaign_id nulls last"
    return connection.execute(f"select campaign_id, {columns} from marts.reconciliation {order}").fetchall()


def test_where_the_provider_counts_templates_each_campaign_is_compared(warehouse: duckdb.DuckDBPyConnection) -> None:
    for number in range(3):
        message(warehouse, f"m{number}", "whatsapp")
        heard(warehouse, f"m{number}")
    message(warehouse, "z", "whatsapp", campaign_id="zone_offline", template_id="offline_24h")
    heard(warehouse, "z")
    total(warehouse, "whatsapp", 3, template="renewal_30")
    total(warehouse, "whatsapp", 0, template="offline_24h")

    assert rows(warehouse, "our_count, provider_count, difference, webhook_count, state") == [
        ("renewal", 3, 3, 0, 3, "agrees"),
        ("zone_offline", 1, 0, -1, 1, "differs"),
        (None, 4, 3, -1, 4, "differs"),
    ]


def test_where_it_counts_the_channel_only_the_whole_channel_carries_its_count(
    warehouse: duckdb.DuckDBPyConnection,
) -> None:
    message(warehouse, "a", "line")
    message(warehouse, "b", "line", campaign_id="zone_offline", template_id="offline_24h")
    total(warehouse, "line", 2)
    total(warehouse, "line", 0, counter="multicast")

    assert rows(warehouse) == [
        ("renewal", 1, None, "provider_cannot_tell"),
        ("zone_offline", 1, None, "provider_cannot_tell"),
        (None, 2, 2, "agrees"),
    ]


def test_a_day_is_the_providers_own(warehouse: duckdb.DuckDBPyConnection) -> None:
    late = datetime(2026, 3, 2, 15, 30, tzinfo=UTC)  # 22:30 in Bangkok, tomorrow in Tokyo, still today in UTC
    message(warehouse, "a", "line", accepted_at=late)
    message(warehouse, "b", "email", accepted_at=late + timedelta(hours=2))  # tomorrow in Bangkok
    total(warehouse, "line", 0)
    total(warehouse, "line", 1, day=MONDAY + DAY)
    build(warehouse, now=NOW, select=MODELS)

    query = "select channel, metric_date, state, counted_from, counted_until from marts.reconciliation"
    assert warehouse.execute(f"{query} where campaign_id is null order by channel").fetchall() == [
        (
            "email",
            MONDAY + DAY,
            "provider_cannot_tell",
            datetime(2026, 3, 2, 17, tzinfo=UTC),
            datetime(2026, 3, 3, 17, tzinfo=UTC),
        ),
        (
            "line",
            MONDAY + DAY,
            "agrees",
            datetime(2026, 3, 2, 15, tzinfo=UTC),
            datetime(2026, 3, 3, 15, tzinfo=UTC),
        ),
    ]


@pytest.mark.parametrize(("provider", "state"), [(1, "agrees"), (2, "in_doubt"), (3, "in_doubt"), (4, "differs")])
def test_doubts_explain_as_many_as_there_are(warehouse: duckdb.DuckDBPyConnection, provider: int, state: str) -> None:
    message(warehouse, "a", "line")
    for key in ("b", "c"):
        message(warehouse, key, "line", status="in_doubt", accepted_at=None, claimed_at=NOON)
    total(warehouse, "line", provider)

    assert rows(warehouse, "our_count, in_doubt_count, state")[1] == (None, 1, 2, state)


def test_fewer_at_the_provider_are_never_explained_by_doubts(warehouse: duckdb.DuckDBPyConnection) -> None:
    message(warehouse, "a", "line")
    message(warehouse, "b", "line", status="in_doubt", accepted_at=None, claimed_at=NOON)
    total(warehouse, "line", 0)

    assert rows(warehouse, "state")[1] == (None, "differs")


def test_what_was_claimed_before_midnight_and_taken_after_may_count_on_either_day(
    warehouse: duckdb.DuckDBPyConnection,
) -> None:
    midnight = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)  # in UTC+9
    second = timedelta(seconds=1)
    message(warehouse, "a", "line", claimed_at=midnight - second, accepted_at=midnight + second)
    total(warehouse, "line", 1)
    total(warehouse, "line", 0, day=MONDAY + DAY)

    whole = [row for row in rows(warehouse, "our_count, provider_count, midnight_count, state") if row[0] is None]
    assert whole == [(None, 0, 1, 1, "agrees"), (None, 1, 0, 1, "agrees")]


def test_whatsapp_counts_when_it_sent_and_not_what_it_holds_or_refused(warehouse: duckdb.DuckDBPyConnection) -> None:
    tomorrow = datetime(2026, 3, 3, 0, 0, 1, tzinfo=UTC)
    message(warehouse, "sent", "whatsapp", accepted_at=tomorrow, sent_at=tomorrow - timedelta(seconds=2), status="read")
    message(warehouse, "held", "whatsapp", status="held")
    message(warehouse, "never", "whatsapp", status="failed")
    message(warehouse, "later", "whatsapp", status="failed", sent_at=NOON)
    for key in ("sent", "later"):
        heard(warehouse, key)
    total(warehouse, "whatsapp", 2, template="renewal_30")

    assert rows(warehouse)[0] == ("renewal", 2, 2, "agrees")


def test_a_message_of_which_nothing_came_back_is_named_though_the_counts_agree(
    warehouse: duckdb.DuckDBPyConnection,
) -> None:
    message(warehouse, "a", "whatsapp")
    message(warehouse, "b", "whatsapp")
    heard(warehouse, "a")
    total(warehouse, "whatsapp", 2, template="renewal_30")

    assert rows(warehouse, "webhook_count, state")[0] == ("renewal", 1, "webhooks_missing")


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ("unready", "provider_not_ready"),
        ("out_of_service", "provider_cannot_tell"),
        ("unavailable_for_privacy", "provider_cannot_tell"),
    ],
)
def test_a_count_that_is_not_there_is_no_difference(
    warehouse: duckdb.DuckDBPyConnection, status: str, state: str
) -> None:
    message(warehouse, "a", "line")
    total(warehouse, "line", None, status=status)

    assert rows(warehouse, "difference, state")[1] == (None, None, state)


def test_a_provider_nobody_asked_yet_is_not_ready_and_after_its_look_back_cannot_tell(
    warehouse: duckdb.DuckDBPyConnection,
) -> None:
    message(warehouse, "old", "whatsapp", accepted_at=NOW - 100 * DAY)
    message(warehouse, "new", "whatsapp")

    assert [row[-1] for row in rows(warehouse)] == ["provider_cannot_tell"] * 2 + ["provider_not_ready"] * 2


def test_a_template_the_provider_no_longer_lists_leaves_its_channel_incomplete(
    warehouse: duckdb.DuckDBPyConnection,
) -> None:
    message(warehouse, "a", "whatsapp")
    message(warehouse, "b", "whatsapp", campaign_id="zone_offline", template_id="gone")
    heard(warehouse, "a")
    total(warehouse, "whatsapp", 1, template="renewal_30")

    assert rows(warehouse) == [
        ("renewal", 1, 1, "agrees"),
        ("zone_offline", 1, None, "provider_cannot_tell"),
        (None, 2, None, "provider_cannot_tell"),
    ]


def test_a_template_two_campaigns_use_is_counted_once_for_the_channel(warehouse: duckdb.DuckDBPyConnection) -> None:
    message(warehouse, "a", "whatsapp")
    message(warehouse, "b", "whatsapp", campaign_id="zone_offline")
    for key in ("a", "b"):
        heard(warehouse, key)
    total(warehouse, "whatsapp", 2, template="renewal_30")

    assert rows(warehouse) == [
        ("renewal", 1, None, "provider_cannot_tell"),
        ("zone_offline", 1, None, "provider_cannot_tell"),
        (None, 2, 2, "agrees"),
    ]


def test_what_only_the_provider_knows_of_differs(warehouse: duckdb.DuckDBPyConnection) -> None:
    message(warehouse, "a", "whatsapp", accepted_at=NOON - DAY)
    total(warehouse, "whatsapp", 4, template="renewal_30")
    total(warehouse, "whatsapp", 3, template="by_hand_in_business_manager")

    monday = rows(warehouse, "metric_date, our_count, provider_count, state")[2:]
    assert monday == [("renewal", MONDAY, 0, 4, "differs"), (None, MONDAY, 0, 7, "differs")]


def test_the_quota_stands_beside_our_own_count_of_the_providers_month(warehouse: duckdb.DuckDBPyConnection) -> None:
    march = datetime(2026, 2, 28, 15, 0, tzinfo=UTC)  # in UTC+9
    message(warehouse, "a", "line", accepted_at=march - timedelta(seconds=1))
    message(warehouse, "b", "line", accepted_at=march)
    quota = {"channel": "line", "month": date(2026, 3, 1), "quota": 15000, "used": 2, "_loaded_at": NOW}
    add(warehouse, "providers__quotas", quota)
    build(warehouse, now=NOW, select=MODELS)

    assert warehouse.execute("select quota, used, our_count from marts.quotas").fetchall() == [(15000, 2, 1)]
