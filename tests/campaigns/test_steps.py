"""Campaigns with triggers and steps: who is due is caught up after downtime, and what stops them stops them."""

from datetime import timedelta
from typing import Any

import duckdb
import pytest

from campaigns import chances, definitions, forecast, lifecycle
from tests.campaigns.conftest import Town
from tests.campaigns.made import WORDS, scheduled
from tests.warehouse.conftest import add

STEPS = {"first": 0, "second": 3}
TWO = {"steps": STEPS, "templates": dict.fromkeys(STEPS, "song_week_hello"), "messages": {"song_week_hello": WORDS}}


def _run(town: Town) -> dict[str, str]:
    """Run it; return the step that was planned by contact."""
    before = {message.message_id for message in town.planned()}
    lifecycle.run_campaign(town.connection, town.store, definitions.find(town.store, "song_week"), now=town.now)
    return {message.contact_id: message.step for message in town.planned() if message.message_id not in before}


def _later(town: Town, **passed: float) -> None:
    town.now += timedelta(**passed)
    town.settle()


def _customer(town: Town, ends_in: int = 10, **contract: Any) -> tuple[str, str]:
    company = town.company()
    contact = town.contact(company)
    return contact, town.contract(company, ends_in=ends_in, **contract)


def _tell_journal(town: Town) -> None:
    """Let the warehouse know the store's messages."""
    town.connection.execute("delete from raw.journal__messages")
    for row in town.planned():
        add(town.connection, "journal__messages", {**row._asdict(), "variables": "{}"})


def _reply(town: Town, contact: str) -> None:
    times = {"occurred_at": town.now, "received_at": town.now, "recorded_at": town.now}
    what = {"event_id": f"reply {contact}", "contact_id": contact, "channel": "email", "event_type": "replied"}
    add(town.connection, "journal__events", {**what, **times, "actor": "human", "detail": "{}"})


def test_who_enters_gets_the_steps_once_in_order_until_they_reply_or_renew(town):
    old, _ = _customer(town)  # in the segment before the campaign begins: does not enter
    town.settle()
    scheduled(town, trigger={"on": "entry"}, stop_when=["replied", "renewed"], **TWO)
    _later(town, hours=1)
    assert _run(town) == {}
    people = [_customer(town) for _ in range(3)]
    stays, replies, renews = (contact for contact, _ in people)
    _later(town, hours=1)
    assert _run(town) == dict.fromkeys([stays, replies, renews], "first")
    _later(town, hours=1)
    assert _run(town) == {}
    _reply(town, replies)
    _tell_journal(town)
    town.contract("companies-0004", ends_in=375, renewed_from=people[2][1], status="Draft")
    _later(town, days=3)

    assert _run(town) == {stays: "second"}
    why = "select outcome, reason from raw.campaigns__decisions where contact_id = ? order by decided_at desc limit 1"
    assert town.connection.execute(why, [replies]).fetchone()[1].startswith("the company replied on 2026-03-02")
    assert old not in {message.contact_id for message in town.planned()}
    # a reply between plan and send stops what is planned
    _reply(town, stays)
    town.cancel()
    ended = [(row.step, row.status, row.reason) for row in town.planned() if row.contact_id == stays]
    assert sorted(ended) == [(step, "cancelled", "the company replied") for step in ("first", "second")]


@pytest.mark.parametrize(("days_down", "gets"), [(2, "before_7"), (4, None)])
def test_days_before_a_date_are_caught_up_after_downtime_for_so_long(town, days_down, gets):
    contact, _ = _customer(town, ends_in=8)
    town.settle()
    steps = {"before_7": -7, "before_2": -2}
    words = {"steps": steps, "templates": dict.fromkeys(steps, "song_week_hello")}
    scheduled(town, trigger={"on": "date", "field": "end_date", "catch_up_days": 3}, **words)
    _later(town, hours=1)
    assert _run(town) == {}
    _later(town, days=days_down + 1)  # nothing ran on the day itself

    assert _run(town) == ({contact: gets} if gets else {})
    _later(town, hours=1)
    assert _run(town) == {}


def test_an_event_is_an_occasion_of_its_own_each_day(town):
    contact, _ = _customer(town)
    town.settle()
    words = {"steps": {"thanks": 0}, "templates": {"thanks": "song_week_hello"}}
    scheduled(town, trigger={"on": "event", "event_type": "replied"}, **words)
    _later(town, hours=1)
    assert _run(town) == {}
    town.now += timedelta(minutes=10)
    _reply(town, contact)
    _later(town, hours=1)

    assert _run(town) == {contact: "thanks@20260302"}
    _later(town, hours=1)
    assert _run(town) == {}


def test_the_arithmetic_of_shares_gives_the_published_figures():
    low, high = chances.wilson(81, 263)
    assert (round(low, 4), round(high, 4)) == (0.2553, 0.3662)  # Newcombe 1998, table I, method 3
    assert round(chances.chi_square_tail(3.841, 1), 3) == round(chances.chi_square_tail(5.991, 2), 3) == 0.05
    assert round(chances.chi_square_tail(7.815, 3), 3) == 0.05
    # Cookie Cats: 44,700 and 45,489 players of two equal arms
    assert round(chances.sample_ratio({"a": 44700, "b": 45489}, {"a": 0.5, "b": 0.5}), 4) == 0.0086
    assert chances.detectable_effect(100, 0, 0.5) is None
    assert chances.detectable_effect(3, 2, 0.5) is None  # more than all of them


@pytest.mark.parametrize(
    ("counted", "baseline"),
    [((29, 0, 29, 20), 0.5), ((30, 0, 300, 100), 1 / 32), ((5, 0, 30, 10), 11 / 32), ((0, None, 0, None), 0.5)],
)
def test_a_share_is_only_expected_where_enough_companies_have_shown_it_and_is_never_nothing(counted, baseline):
    with duckdb.connect() as connection:
        connection.execute(
            "create schema marts; create table marts.campaign_lift "
            "(campaign_id text, held_out int, converted_holdout int, treated int, converted int)"
        )
        connection.execute("insert into marts.campaign_lift values ('renewal', ?, ?, ?, ?)", counted)

        assert forecast.baseline_of(connection, "renewal")[0] == baseline
        assert forecast.baseline_of(connection, "another") == (0.5, "too little is known yet: the worst case")
