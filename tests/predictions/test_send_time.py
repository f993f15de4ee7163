"""Send time: a person's own hours where there are some, else the colleagues', else everybody's."""

from datetime import timedelta

import pytest

from predictions import send_time
from tests.campaigns.conftest import Town
from tests.predictions.conftest import settle
from tests.warehouse.conftest import add


def _reacts(town: Town, contact: str, hour: int, times: int, *, weekday: int = 1, **values: object) -> None:
    """Let a person read messages at an hour in Bangkok, on a weekday (1 Monday) of as many weeks."""
    for week in range(times):
        day = town.today - timedelta(days=town.today.isoweekday() - weekday + 7 * (week + 1))
        at = town.now.replace(year=day.year, month=day.month, day=day.day, hour=0) + timedelta(hours=hour - 7)
        key = f"{contact} {hour} {weekday} {week}"
        common = {"contact_id": contact, "channel": "whatsapp"}
        message = {"message_id": key, "company_id": "x", "accepted_at": at, "planned_at": at, **common}
        add(town.connection, "journal__messages", message)
        event = {
            "event_id": key,
            "message_id": key,
            "event_type": "read",
            "occurred_at": at,
            "received_at": at,
            **common,
        }
        add(town.connection, "journal__events", {**event, "recorded_at": at, **values})


@pytest.fixture
def habits(town: Town) -> dict[str, str]:
    """Thirty people who read at ten on Mondays, one at three on Thursdays, one colleague of theirs, one of nobody."""
    for _ in range(30):
        _reacts(town, town.contact(town.company()), 10, 4)
    at_three = town.company()
    found = {"late": town.contact(at_three), "colleague": town.contact(at_three), "new": town.contact(town.company())}
    _reacts(town, found["late"], 15, 30, weekday=4)
    settle(town.connection, town.now)
    return found


def _scored(town: Town) -> dict[str, dict[str, object]]:
    model = send_time.fit(town.connection, town.now)
    return {row["contact_id"]: row for row in send_time.score(town.connection, model, town.now).iter_rows(named=True)}


def test_own_hours_count_most_then_colleagues_then_everybodys(town: Town, habits: dict[str, str]) -> None:
    found = {name: _scored(town)[contact] for name, contact in habits.items()}

    assert (found["late"]["best_hour"], found["late"]["best_weekday"], found["late"]["evidence_count"]) == (15, 4, 30)
    assert (found["new"]["best_hour"], found["new"]["best_weekday"], found["new"]["evidence_count"]) == (10, 1, 0)
    assert [found[name]["basis"] for name in ("late", "colleague", "new")] == ["contact", "company", "everybody"]
    for row in found.values():
        assert row["score_low"] < row["score"] < row["score_high"]


def test_a_person_who_reads_at_night_gets_the_best_hour_in_which_we_may_send(
    town: Town, habits: dict[str, str]
) -> None:
    night = town.contact(town.company())
    _reacts(town, night, 22, 20, weekday=7)
    settle(town.connection, town.now)
    found = _scored(town)[night]

    assert 9 <= found["best_hour"] <= 16 and 1 <= found["best_weekday"] <= 5


def test_what_machines_open_is_no_reaction(town: Town, habits: dict[str, str]) -> None:
    scanned = habits["new"]
    for number in range(20):
        agent = {"event_type": "opened", "detail": '{"user_agent": "Barracuda scanner"}', "channel": "email"}
        _reacts(town, scanned, 16, 1, weekday=1 + number % 5, event_id=f"scan {number}", **agent)
    settle(town.connection, town.now)

    assert _scored(town)[scanned]["evidence_count"] == 0


def test_few_reactions_give_a_state_in_place_of_a_time(town: Town) -> None:
    contact = town.contact(town.company())
    _reacts(town, contact, 10, 3)
    settle(town.connection, town.now)
    found = _scored(town)[contact]

    assert (found["state"], found["best_hour"], found["score"], found["evidence_count"]) == (
        "not_enough_history",
        None,
        None,
        3,
    )
