"""The past of a segment: by the same models and rules, on what was known then."""

import random
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest

from campaigns.backtest import backtest
from campaigns.explain import explain
from campaigns.past import as_of
from campaigns.playbooks import read_playbook
from campaigns.segments import Library, find_members, from_text, open_library
from tests.campaigns.conftest import Town
from tests.warehouse.conftest import add

RISK = from_text(
    """
segment_id: risk
name: Something is wrong
name_th: มีบางอย่างผิดปกติ
version: 3
where:
  any:
    - {field: company.offline_zone_count, at_least: 1}
    - {has: tickets, where: {all: [{field: is_open, is: true}, {field: priority, is: urgent}]}}
    - {has: contracts, where: {all: [{field: status, is: Active}, {field: end_date, in_next_days: 3}]}}
    - {count: events, days: 2, at_least: 2, where: {field: event_type, is: replied}}
    - {window_open: whatsapp}
""",
    "risk",
)
LIBRARY = Library((RISK,))


def _change(town: Town, table: str, key: str, **values: Any) -> None:
    """Change a CRM row as a load does: the history first, then the row."""
    for field, value in values.items():
        (old,) = town.connection.execute(f"select {field} from raw.crm__{table} where id = ?", [key]).fetchone()
        texts = [
            None if each is None else str(each).lower() if isinstance(each, bool) else str(each)
            for each in (old, value)
        ]
        if texts[0] != texts[1]:
            change = {"entity": table, "entity_id": key, "field": field.removeprefix("_"), "valid_from": town.now}
            add(town.connection, "crm__history", {**change, "old_value": texts[0], "new_value": texts[1]})
    town.change(table, key, **values)


def _reply(town: Town, contact: str, number: int) -> None:
    seen = {"occurred_at": town.now, "received_at": town.now, "recorded_at": town.now}
    address = f"+66{contact}"
    event = {"event_id": f"e{number}", "contact_id": contact, "channel": "whatsapp", "event_type": "replied", **seen}
    add(town.connection, "journal__events", {**event, "address": address, "detail": "{}"})
    town.connection.execute("delete from raw.journal__conversations where contact_id = ?", [contact])
    thread = {
        "conversation_id": contact,
        "contact_id": contact,
        "channel": "whatsapp",
        "address": address,
        "status": "open",
    }
    until = {"opened_at": town.now, "last_inbound_at": town.now, "window_open_until": town.now + timedelta(hours=24)}
    (first,) = town.connection.execute(
        "select min(occurred_at) from raw.journal__events where contact_id = ?", [contact]
    ).fetchone()
    add(town.connection, "journal__conversations", {**thread, **until, "opened_at": first, "message_count": 1})


def _live_a_day(town: Town, dice: random.Random, contacts: list[str], day: int) -> None:
    for number in range(1, 5):
        if dice.random() < 0.4:
            status, seen = dice.choice(["online", "offline"]), town.now - timedelta(hours=5)
            _change(town, "zones", f"zones-{number:04}", status=status, last_seen_online=seen)
        if dice.random() < 0.3:
            about = {"company": f"companies-{number:04}", "ticket_number": f"T{day}-{number}", "status": "new"}
            town.row("tickets", **about, priority=dice.choice(["urgent", "low"]))
        if dice.random() < 0.2:
            _change(
                town,
                "contracts",
                f"contracts-{number:04}",
                end_date=town.today + timedelta(days=dice.choice([1, 4, 300])),
            )
    for number in range(1, town.counted.get("tickets", 0) + 1):
        if dice.random() < 0.4:
            _change(town, "tickets", f"tickets-{number:04}", status="resolved")
    for number, contact in enumerate(contacts):
        if dice.random() < 0.2:
            _reply(town, contact, day * 100 + number)
        if dice.random() < 0.1:
            _change(town, "contacts", contact, is_active=dice.random() < 0.5)


@pytest.mark.parametrize("seed", [1, 2])
def test_a_backtest_says_what_was_seen_day_by_day(town, seed):
    dice, contacts, seen = random.Random(seed), [], []
    for _ in range(4):
        contacts += [town.contact(company := town.company()), town.contact(company)]
    for day in range(6):
        _live_a_day(town, dice, contacts, day)
        town.settle()
        find_members(town.connection, RISK, town.now, LIBRARY)
        seen.append(set(town.connection.execute("select contact_id, subject_id from members").fetchall()))
        town.now += timedelta(days=1)
    town.now -= timedelta(days=1)
    replayed = backtest(town.connection, RISK, LIBRARY, now=town.now, days=5)

    assert [day.members for day in replayed.days] == [len(each) for each in seen[1:]]
    moves = list(pairwise(seen))
    assert [day.entries for day in replayed.days] == [len(after - before) for before, after in moves]
    assert [day.exits for day in replayed.days] == [len(before - after) for before, after in moves]
    assert sum(day.entries + day.exits for day in replayed.days) > 3


def test_a_backtest_of_a_campaign_decides_what_the_campaign_decided(town):
    first = town.now
    for ends_in in (6, 14, 15, 29, 33):
        company = town.company()
        town.contact(company)
        town.contact(company, is_primary=False, contact_type="Other")
        town.contract(company, ends_in=ends_in)
    town.row("tickets", company="companies-0002", ticket_number="T-1", status="new", priority="urgent")
    decided: dict[Any, dict[str, int]] = {}
    for day in (0, 1, 2, 3):
        for hour in (3, 7):
            town.now = first.replace(hour=hour) + timedelta(days=day)
            if (day, hour) == (2, 3):
                _change(town, "tickets", "tickets-0001", status="closed")
            outcomes = town.run("renewal", most_in_seven_days=1).outcomes
            for outcome, count in outcomes.items():
                counts = decided.setdefault(town.today, {})
                counts[outcome] = counts.get(outcome, 0) + count
    playbook = read_playbook("renewal").model_copy(update={"holdout_share": 0.0, "most_in_seven_days": 1})
    library = open_library()
    replayed = backtest(town.connection, library.get("renewal_due"), library, now=town.now, days=4, playbook=playbook)

    assert {day.day: dict(day.outcomes) for day in replayed.days if day.outcomes} == decided
    assert replayed.outcomes["send"] == 5
    assert replayed.outcomes["capped"] > 0
    assert replayed.outcomes["crm_hold"] > 0


def test_explain_of_a_past_day_gives_the_values_of_that_day_and_changes_nothing(town):
    company = town.company()
    contact = town.contact(company)
    zone = town.zone(company, hours_off=5)
    town.settle()
    first, town.now = town.now, town.now + timedelta(days=2)
    _change(town, "zones", zone, status="online")
    town.settle()
    now = explain(town.connection, RISK, contact, LIBRARY, now=town.now)
    then = explain(town.connection, RISK, contact, LIBRARY, now=town.now, moment=first + timedelta(hours=1))

    assert (now["is_in"], then["is_in"]) == (False, True)
    assert then["summary"] == "in: Zones offline at least 1 [1]"
    assert now["summary"].startswith("not in; what failed: Zones offline at least 1 [0]; Tickets at least 1")
    assert town.connection.execute("select count(*) from marts.zones where offline_since is not null").fetchone() == (
        0,
    )
    assert town.connection.execute(
        "select count(*) from duckdb_databases() where database_name = 'past'"
    ).fetchone() == (0,)


def test_a_past_before_the_first_load_says_that_it_is_not_known(town):
    town.contact(town.company())
    town.settle()
    with as_of(town.connection, town.now - timedelta(days=1), ["marts.contacts"]) as past:
        assert not past.is_complete
        assert "the CRM's history begins on 2026-03-02" in past.notes[0]
        assert town.connection.execute("select count(*) from marts.contacts").fetchone() == (0,)
    replayed = backtest(town.connection, RISK, LIBRARY, now=town.now, days=2)

    assert [day.is_complete for day in replayed.days] == [False, True]
    assert replayed.notes == past.notes


def test_a_past_does_not_survive_an_error_within(town):
    town.settle()
    with pytest.raises(RuntimeError), as_of(town.connection, town.now, ["marts.contacts"]):
        raise RuntimeError

    assert town.connection.execute("select current_database()").fetchone() != ("past",)
    town.settle()
