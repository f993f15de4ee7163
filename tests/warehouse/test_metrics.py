"""Metrics: one definition each, and the same number wherever it is shown."""

import random
import re
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from core.errors import PermanentError
from tests.warehouse.conftest import add
from warehouse.build import build
from warehouse.measure import measure, read_metric, read_metrics
from warehouse.publish import open_published, publish

_QUERIES = Path(__file__).parents[2] / "dashboard" / "queries"
_ALWAYS = {"first": date(2000, 1, 1), "last": date(2100, 1, 1)}
_FUNNEL = ("sent", "delivered", "opened_raw", "opened_human", "clicked_raw", "clicked_human", "replied")
_RATES = ("delivery_rate", "open_rate_raw", "open_rate_human", "click_rate_human")
# A run's failures are those before the provider took the message too.
_OTHERWISE = {"daily_channel_metrics": ("lift",), "campaign_results": ("lift", "failed")}
_KINDS = ("opened", "clicked", "replied", "unsubscribed")
_AGENTS = ('{"user_agent": "Mozilla/5.0"}', '{"user_agent": "Mozilla/5.0 Firefox/140.0"}')


@pytest.fixture
def weeks(warehouse: duckdb.DuckDBPyConnection, now: datetime) -> duckdb.DuckDBPyConnection:
    """Two campaigns, three runs, three channels, four days, every way a message can go."""
    chance = random.Random(7)
    warehouse.execute("begin")
    for number in range(120):
        channel, run = chance.choice(["email", "whatsapp", "line"]), chance.choice(["r1", "r2", "s1"])
        at, message_id = now + timedelta(hours=chance.randrange(96)), f"m{number}"
        status = chance.choice(["planned", "accepted", "delivered", "delivered", "failed"])
        message = {"message_id": message_id, "campaign_id": "renewal" if run[0] == "r" else "zone", "run_id": run}
        message |= {"channel": channel, "contact_id": f"p{number}", "status": status, "planned_at": at}
        decision = {name: message[name] for name in ("campaign_id", "run_id", "channel", "contact_id")}
        decision |= {"step": "1", "outcome": "send", "decided_at": at, "subject_id": "k", "reason": "", "variant": "a"}
        decision |= {"company_id": f"c{number}", "subject_type": "contract", "snapshot_id": "s"}
        add(warehouse, "campaigns__decisions", decision)
        message |= {"cost_amount": chance.randrange(100) / 100, "cost_currency": "USD"}
        is_delivered = status == "delivered" and channel != "line"
        taken = {} if status == "planned" else {"accepted_at": at}
        add(warehouse, "journal__messages", message | taken | ({"delivered_at": at} if is_delivered else {}))
        for kind in _KINDS if taken else ():
            if chance.random() < 0.5:
                event = {"event_id": f"{kind}{number}", "message_id": message_id, "channel": channel}
                event |= {"event_type": kind, "detail": chance.choice(_AGENTS)}
                add(warehouse, "journal__events", event | {"occurred_at": at + timedelta(minutes=5)})
    for number, channel in enumerate(("line", "line", "whatsapp")):
        thread = {"conversation_id": f"v{number}", "channel": channel, "address": f"a{number}", "status": "open"}
        add(warehouse, "journal__conversations", thread | {"message_count": 1, "waiting_since": now})
    invoice = {"id": "i", "company": "c1", "status": "Paid", "issue_date": now.date(), "currency": "THB"}
    add(warehouse, "crm__invoices", invoice | {"total_amount": 107, "tax_amount": 7, "_is_deleted": False})
    renewed = {
        "id": "k2",
        "company": "c1",
        "renewed_from": "k",
        "status": "Active",
        "created_at": now + timedelta(days=5),
    }
    add(warehouse, "crm__contracts", renewed | {"value": 500, "currency": "THB", "_is_deleted": False})
    for number in range(20):
        contact = {"id": f"p{number}", "company": "c1", "name": "P", "email": f"p{number}@hotel.example"}
        add(warehouse, "crm__contacts", contact | {"is_active": True, "_is_deleted": False})
    for number, ended in enumerate([None, now]):
        member = {"segment_id": "s", "contact_id": f"p{number}", "company_id": "c1", "subject_type": "contract"}
        member |= {"subject_id": "k", "definition_version": 1, "reason": "", "valid_from": now - timedelta(days=9)}
        add(warehouse, "campaigns__segment_memberships", member | {"valid_to": ended})
    warehouse.execute("commit")
    build(warehouse, now=now)
    return warehouse


def _rows(connection: duckdb.DuckDBPyConnection, query: str, bound: Any = None) -> Iterator[dict[str, Any]]:
    found = connection.execute(query, bound or None)
    names = [column[0] for column in found.description]
    return (dict(zip(names, row, strict=True)) for row in found.fetchall())


def _measured(connection: duckdb.DuckDBPyConnection, name: str, *by: str, **how: Any) -> dict[tuple[Any, ...], Any]:
    query, bound = measure(name, by=by, **how)
    return {tuple(row[each] for each in by): row["metric_value"] for row in _rows(connection, query, bound)}


def test_a_metric_returns_its_grain_and_what_its_unit_needs(weeks: duckdb.DuckDBPyConnection) -> None:
    for metric in read_metrics().values():
        made = [column[0] for column in weeks.execute(metric.sql).description or ()]
        rows = weeks.execute(f"select count(*), count(distinct ({', '.join(metric.grain)})) from ({metric.sql}\n)")
        count, distinct = rows.fetchone() or (0, 1)

        assert made == [*metric.grain, *metric.values], metric.name
        assert count == distinct > 0, metric.name


def test_the_marts_say_the_same_as_the_metrics_for_every_slice(weeks: duckdb.DuckDBPyConnection) -> None:
    grains = {"daily_channel_metrics": ("metric_date", "channel"), "campaign_results": ("run_id", "channel")}
    for mart, grain in grains.items():
        rows = list(_rows(weeks, f"from marts.{mart}"))
        shown = [name for name in (*read_metrics(),) if name in rows[0] and name not in _OTHERWISE[mart]]
        assert set(_FUNNEL) <= set(shown)
        for name in shown:
            is_money = read_metrics()[name].unit == "amount"
            of = "cost_currency" if name == "cost" and "cost_currency" in rows[0] else "currency"
            by = (*grain, "currency") if is_money else grain
            slices = {
                (*(row[each] for each in grain), *([row[of]] if is_money else ())): row[name]
                for row in rows
                if not is_money or row[of]
            }
            assert _measured(weeks, name, *by) == pytest.approx(slices), (mart, name)


def test_no_question_of_the_dashboard_counts_what_a_metric_counts() -> None:
    times = re.compile(r"filter\s*\(.*(accepted|delivered|opened|clicked|replied|unsubscribed)_at\b|/\s*nullif")
    counting = {path.stem for path in _QUERIES.glob("*.sql") if times.search(path.read_text())}

    assert counting == set()


def test_a_metric_counts_the_messages_that_it_names(weeks: duckdb.DuckDBPyConnection) -> None:
    by_hand = """
        select channel, count(*) filter (delivered_at is not null and first_human_opened_at is not null)
        / nullif(count(*) filter (delivered_at is not null), 0) as rate
        from marts.messages where accepted_at is not null group by all
    """

    found = {(row["channel"],): row["rate"] for row in _rows(weeks, by_hand)}
    assert _measured(weeks, "open_rate_human", "channel") == pytest.approx(found)


def test_the_dashboard_says_the_same_as_the_metrics(
    weeks: duckdb.DuckDBPyConnection, now: datetime, tmp_path: Path
) -> None:
    version = publish(weeks, tmp_path, now)
    slice_of = {"campaign_id": "renewal", "run_id": "r2"}
    with open_published(version.masked_path) as copy:
        totals = list(_rows(copy, (_QUERIES / "channel_totals.sql").read_text(), _ALWAYS))
        funnel = list(_rows(copy, (_QUERIES / "funnel.sql").read_text(), slice_of))
        for name in _FUNNEL:
            assert _measured(copy, name, "channel") == {(row["channel"],): row[name] for row in totals}, name
            ours = _measured(copy, name, "channel", only=slice_of)
            assert ours == {(row["channel"],): row[name] for row in funnel}, name


def test_a_share_is_divided_last_and_null_where_nothing_could_be_counted(weeks: duckdb.DuckDBPyConnection) -> None:
    by_channel = _measured(weeks, "delivery_rate", "channel")
    sums = {name: _measured(weeks, name, "channel") for name in ("sent", "delivered")}

    assert by_channel[("line",)] is None
    counted = [("email",), ("whatsapp",)]
    total = sum(sums["delivered"][each] for each in counted) / sum(sums["sent"][each] for each in counted)
    assert _measured(weeks, "delivery_rate") == {(): pytest.approx(total)}


def test_since_leaves_out_the_days_before(weeks: duckdb.DuckDBPyConnection) -> None:
    by_day = _measured(weeks, "sent", "metric_date")
    later = {day: value for day, value in by_day.items() if day[0] >= date(2026, 3, 4)}

    assert 0 < len(later) < len(by_day)
    assert _measured(weeks, "sent", "metric_date", since=date(2026, 3, 4)) == later


def test_a_value_is_bound_and_never_read_as_sql(weeks: duckdb.DuckDBPyConnection) -> None:
    assert _measured(weeks, "sent", only={"channel": "email' or '1' = '1"}) == {(): 0}


@pytest.mark.parametrize(
    ("name", "how", "says"),
    [
        ("opens", {}, "there are bounce_rate"),
        ("sent", {"by": ["1; drop table x"]}, "say metric_date"),
        ("sent", {"only": {"country": "TH"}}, "not known by country"),
        ("lift", {"since": date(2026, 3, 1), "by": ["campaign_id"]}, "not known by metric_date"),
        ("lift", {}, "does not add up"),
    ],
)
def test_what_cannot_be_measured_is_named_with_what_can(name: str, how: dict[str, Any], says: str) -> None:
    with pytest.raises(PermanentError, match=says):
        measure(name, **how)


def test_a_share_says_what_is_divided_by_what(tmp_path: Path) -> None:
    (tmp_path / "m.sql").write_text("-- description: d\n-- grain: channel\n-- unit: share\nselect 1")

    with pytest.raises(PermanentError, match="numerator, denominator"):
        read_metric(tmp_path / "m.sql")
