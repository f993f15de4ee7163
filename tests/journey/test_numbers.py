"""Every number on every page is what the metric layer says for the same grain and slice."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
import sqlglot
from sqlglot import exp
from streamlit.testing.v1 import AppTest

from core.settings import load_settings
from core.store import tables as tables_of
from dashboard import store
from dashboard.parts.words import money
from reports.definition import Report, address_of
from reports.words import Words
from tests.dashboard.promised import QUERIES, asked, promises, rows, slices, taken
from warehouse.measure import measure
from warehouse.publish import open_newest

QUESTIONS = sorted(path.stem for path in QUERIES.glob("*.sql"))
PROMISED = [name for name in QUESTIONS if promises(name)]
PAGES = ("overview", "campaigns", "segments", "channels", "health")
# What questions count that is no metric, and why.
COUNTED_HERE = {
    "best_times": dict.fromkeys(("contacts", "reactions"), "of what the model foresees"),
    "churn_distribution": {"companies": "of what the model foresees"},
    "churn_list": {"annual_value": "of the contracts held on the day of scoring", "end_date": "a day"},
    "prediction_outcomes": {"companies": "of the window that the model was tried on"},
    "alarms": {"stale_sources": "sources, not customers", "drifting_collections": "the CRM's collections"},
    "campaigns": {"runs": "occurrences", "last_run_at": "a time"},
    "compared": {"compared_at": "a time"},
    "drift": dict.fromkeys(("compared_rows", "drifted_rows", "fields", "is_large"), "of the CRM's rows"),
    "fatigue": dict.fromkeys(("contacts", "opened_human", "clicked_human", "replied"), "of the contacts' last 30 days"),
    "links_clicked": {"messages": "distinct: they do not add up"},
    "membership_days": {"members": "of the end of each day: they do not add up"},
    "runs": {"decided_at": "a time"},
    "todays_runs": {"decided_at": "a time"},
}  # fmt: skip
_AT_ZERO = {"", "*"}
# What people open to see everything that a page counts.
TABS = {
    "campaigns": {"results", "calendar", "compare"},
    "segments": {"members", "overlap"},
    "customer": {"contacts", "contracts", "invoices", "zones", "tickets"},
    "admin": {"holds", "suppressions", "audit"},
}
# What is shown of a company, counted from the rows themselves.
_COMPANY = {
    "zones": "select count(*) from marts.zones where company_id = $id and not is_deleted",
    "offline_now": "select count(*) from marts.zones where company_id = $id and not is_deleted and status = 'offline'",
    "open_tickets": "select count(*) from marts.tickets where company_id = $id and not is_deleted and is_open",
}


@pytest.fixture(scope="module")
def copy(lived: tuple[Path, dict[str, Any]]) -> Iterator[Any]:
    _, connection = open_newest(lived[0] / "serve")
    with connection:
        yield connection


@pytest.fixture
def page(lived: tuple[Path, dict[str, Any]], monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Open a page by its name, and by what its address says, as an administrator of the demo."""
    monkeypatch.setenv("BMA_DATA_DIR", str(lived[0]))
    monkeypatch.setenv("BMA_DASHBOARD_ROLE", "admin")
    load_settings.cache_clear()
    store.store.cache_clear()

    def opened(name: str, **asked: str) -> AppTest:
        test = AppTest.from_string(
            f"""
            import streamlit as st
            from core.settings import load_settings
            from dashboard.views import {name}
            from warehouse.publish import newest

            st.session_state["version"] = newest(load_settings().serve_dir)
            st.session_state["session_id"] = ""
            {name}.show()
            """.replace("\n            ", "\n"),
            default_timeout=120,
        )
        test.session_state["language"] = "en"
        test.session_state[f"opened-{name}"] = TABS.get(name, set())
        for key, value in asked.items():
            test.query_params[key] = value
        return test.run()

    yield opened
    load_settings.cache_clear()
    store.store.cache_clear()


def _days(connection: Any) -> list[date]:
    found = rows(connection, "select distinct metric_date from marts.daily_run_metrics order by 1", None)
    return [row["metric_date"] for row in found]


@pytest.mark.parametrize("question", PROMISED)
def test_a_question_answers_what_the_metric_layer_says_for_every_slice(question: str, copy: Any) -> None:
    compared = 0
    for promise in promises(question):
        for bound in slices(copy, question, _days(copy)):
            shown = asked(copy, question, bound)
            for column in promise.columns:
                assert promise.said(shown, column) == promise.layer_says(copy, column, bound), (column, bound)
                compared += 1
    assert compared


@pytest.mark.parametrize("question", QUESTIONS)
def test_a_number_that_a_question_counts_is_promised_to_be_a_metric(question: str) -> None:
    tree = sqlglot.parse_one((QUERIES / f"{question}.sql").read_text(), dialect="duckdb")
    selected = (each for select in tree.find_all(exp.Select) for each in select.expressions)
    counted = {each.alias_or_name for each in selected if each.find(exp.AggFunc)} - _AT_ZERO
    promised = {name for each in promises(question) for name in (*each.columns, *each.by.values())}

    assert counted - promised == COUNTED_HERE.get(question, {}).keys()


def _questions_of(columns: list[str], connection: Any, bound: dict[str, Any]) -> list[str]:
    """Find the promised questions that a table may show: by its columns, ids shown by their names."""
    shown = {each.removesuffix("_id") for each in columns}
    answers = {name: asked(connection, name, bound) for name in PROMISED}
    return [
        name for name, found in answers.items() if found and {each.removesuffix("_id") for each in found[0]} == shown
    ]


def _differing(question: str, frame: Any, connection: Any, bound: dict[str, Any]) -> list[str]:
    return [
        column
        for promise in promises(question)
        for column in promise.columns
        if sorted(promise.layer_says(connection, column, taken(question, bound)).values())
        != _numbers(frame, promise.by.values(), column)
    ]


@pytest.mark.parametrize("name", PAGES)
def test_every_table_of_a_page_shows_what_the_metric_layer_says(name: str, page: Any, copy: Any) -> None:
    opened = page(name)
    assert not opened.exception
    today = datetime.now(ZoneInfo("Asia/Bangkok")).date()
    week = {"first": today - timedelta(days=7), "last": today - timedelta(days=1), "day": today}
    bound: dict[str, Any] = {**week, "campaign_id": "", "run_id": "", "segment_id": "", "days": 30, "channel": ""}
    bound |= {"campaign_ids": [], "campaign_id": opened.query_params.get("campaign", "")}
    bound |= {"segment_id": opened.query_params.get("segment", "")}
    bound |= {"campaign_ids": opened.query_params.get("compare", "").split(",")}
    if name == "channels":
        bound |= {"first": today - timedelta(days=29), "last": today + timedelta(days=1)}
    compared = set()
    for table in opened.dataframe:
        questions = _questions_of(list(table.value.columns), copy, bound)
        differing = {each: _differing(each, table.value, copy, bound) for each in questions}
        assert not questions or [] in differing.values(), differing
        compared |= {each for each, columns in differing.items() if not columns}
    assert len(compared) >= {"overview": 2, "campaigns": 6, "channels": 2}.get(name, 1), compared


def _numbers(frame: Any, by: Any, column: str) -> list[Any]:
    names = [each if each in frame.columns else each.removesuffix("_id") for each in by]
    totals = frame.groupby(names, dropna=False)[column].sum() if names else frame[column]
    return sorted(round(Decimal(str(value)), 6) for value in totals if value and value == value)


@pytest.mark.parametrize(
    "chosen",
    [
        {"metrics": ("sent", "delivered"), "by": ("metric_date",), "days": 90},
        {"metrics": ("sent", "opened_human", "open_rate_human", "unpriced"), "by": ("channel", "variant")},
        {"metrics": ("cost",), "by": ("campaign_id", "currency")},
        {"metrics": ("revenue", "incremental_revenue"), "by": ("metric_date", "currency"), "days": 28},
        {"metrics": ("decided",), "by": ("outcome",), "only": {"campaign_id": "renewal"}},
        {"metrics": ("entries", "exits"), "by": ("segment_id",)},
    ],
    ids=lambda chosen: " ".join(chosen["metrics"]),
)
def test_a_report_shows_what_the_metric_layer_says(chosen: dict[str, Any], page: Any, copy: Any) -> None:
    report = Report(**chosen)
    opened = page("reports", **address_of(report))
    assert not opened.exception
    table = next(each.value for each in opened.dataframe if {*report.metrics} <= {*each.value.columns})
    today = datetime.now(ZoneInfo("Asia/Bangkok")).date()
    shown = 0
    for name in report.metrics:
        query, bound = measure(name, by=report.by, since=report.first_day(today), only=report.only)
        said = [row["metric_value"] for row in rows(copy, query, bound) if row["metric_value"] is not None]
        assert sorted(round(Decimal(str(each)), 9) for each in said) == sorted(
            round(Decimal(str(each)), 9) for each in table[name] if each is not None and each == each
        )
        shown += len(said)
    assert shown


def test_the_cards_of_today_are_metrics(page: Any, copy: Any) -> None:
    cards = {card.label: card.value for card in page("overview").metric}
    today = datetime.now(ZoneInfo("Asia/Bangkok")).date()
    words, since, until = Words("en"), today - timedelta(days=7), today - timedelta(days=1)
    for name in ("sent", "delivered", "replied", "unsubscribed"):
        query, bound = measure(name, since=since, until=until)
        assert cards[words.say(name)] == f"{rows(copy, query, bound)[0]['metric_value']:,}", name
    for name, label in (("open_rate_human", "opened_human"), ("click_rate_human", "clicked_human")):
        query, bound = measure(name, since=since, until=until)
        rate = rows(copy, query, bound)[0]["metric_value"]
        assert cards[words.say(label)] == ("–" if rate is None else f"{100 * rate:.1f} %"), name
    for name in ("revenue", "incremental_revenue", "cost"):
        query, bound = measure(name, by=("currency",), since=since, until=until)
        for row in rows(copy, query, bound):
            assert cards[f"{words.say(name)} · {row['currency']}"] == money(row["metric_value"], row["currency"]), name


def test_the_rates_of_channels_are_metrics(page: Any, copy: Any) -> None:
    table = next(each.value for each in page("channels").dataframe if "bounce_rate" in each.value.columns)
    since = datetime.now(ZoneInfo("Asia/Bangkok")).date() - timedelta(days=29)
    channels = Words("en").of_values("channel")
    for name in [column for column in table.columns if column not in {"channel", "sent"}]:
        query, bound = measure(name, by=("channel",), since=since)
        said = {channels[row["channel"]]: row["metric_value"] for row in rows(copy, query, bound)}
        shown = dict(zip(table["channel"], table[name], strict=True))
        assert shown == {key: "–" if each is None else f"{100 * each:.1f} %" for key, each in said.items()}, name


def test_the_lift_on_a_campaigns_page_is_the_metric(page: Any, copy: Any) -> None:
    opened = page("campaigns")
    query, bound = measure("lift", by=("campaign_id",), only={"campaign_id": opened.query_params["campaign"]})
    (row,) = rows(copy, query, bound)
    cards = {card.label: card.value for card in opened.metric}

    assert row["metric_value"] is None or f"{100 * row['metric_value']:+.1f}" in cards.values()


def test_who_waits_in_conversations_is_the_metric(page: Any, copy: Any) -> None:
    opened = page("conversations")
    assert not opened.exception
    cards = {card.label: card.value for card in opened.metric}
    query, bound = measure("waiting_conversations")
    (row,) = rows(copy, query, bound)

    assert cards[Words("en").say("waiting_now")] == str(row["metric_value"])
    assert row["metric_value"] > 0


def test_the_cards_and_tables_of_a_company_are_its_rows(page: Any, copy: Any) -> None:
    opened = page("customer")
    assert not opened.exception
    company = {"id": opened.query_params["company"]}
    cards, words = {card.label: card.value for card in opened.metric}, Words("en")
    for name, query in _COMPANY.items():
        (row,) = rows(copy, query, company)
        assert cards[words.say(name)] == str(*row.values()), name
    for name in ("contracts", "invoices", "zones", "tickets"):
        (row,) = rows(
            copy, f"select count(*) as n from marts.{name} where company_id = $id and not is_deleted", company
        )
        shown = asked(copy, f"company_{name}", {"company_id": company["id"]})
        tables = [len(each.value) for each in opened.dataframe if list(each.value.columns) == list((shown or [{}])[0])]
        assert tables == ([row["n"]] if row["n"] else []), name


def test_administration_lists_what_the_store_has(page: Any) -> None:
    opened = page("admin")
    assert not opened.exception
    tables = {next(iter(each.value.columns)): len(each.value) for each in opened.dataframe}
    with store.store().connect() as connection:
        standing = connection.scalar(sa.select(sa.func.count()).where(tables_of.suppressions.c.lifted_at.is_(None)))
        noted = connection.scalar(sa.select(sa.func.count()).select_from(tables_of.audit))

    assert (tables.get("contact_id", 0), tables.get("recorded_at", 0)) == (min(standing, 500), min(noted, 500))
    assert standing
