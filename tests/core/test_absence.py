"""A provider's silence settles a doubt only where it proves something, and only where the campaign allows it."""

from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from core.store import campaigns, events, inbox, ledger, outbox
from core.store.absence import SETTING, WITNESSES, settle_by_absence
from core.store.tables import audit, messages
from core.vocabulary import Channel, EventType, Status
from tests.core.test_ledger import LEASE, hear, plan, row, status

HOURS = 2
OLD_ENOUGH = timedelta(hours=HOURS, minutes=1)


def allow(store: sa.Engine, now: datetime, hours: int | None = HOURS) -> None:
    with store.begin() as connection:
        definition = {"campaign_id": "renewal", "name": "Renewal", "purpose": "renewal", SETTING: hours}
        campaigns.save_campaign(connection, definition, now)


def claim_one(store: sa.Engine, number: int, at: datetime, channel: str = "whatsapp") -> str:
    plan(store, at, row(number, channel=channel))
    with store.begin() as connection:
        (message,) = outbox.claim_fairly(connection, channel=channel, worker="w", limit=1, now=at, lease=LEASE)
    return message.message_id


def doubt_one(store: sa.Engine, at: datetime, channel: str = "whatsapp") -> None:
    key = claim_one(store, 1, at, channel)
    with store.begin() as connection:
        ledger.doubt(connection, key, reason="timeout", at=at)


def send_later(store: sa.Engine, doubted_at: datetime, count: int, *, silent: int = 0, after: int = 5) -> None:
    """Send ``count`` messages after the doubtful one, a minute apart; the last ``silent`` get no report."""
    for number in range(count):
        at = doubted_at + timedelta(minutes=after + number)
        key = claim_one(store, 100 + number, at)
        with store.begin() as connection:
            ledger.accept(connection, [ledger.Receipt(key, f"wamid.{number}")], at)
        if number < count - silent:
            hear(store, at + timedelta(seconds=3), EventType.SENT, f"e{number}", message_id=key)


def settle(store: sa.Engine, now: datetime, channel: str = "whatsapp") -> int:
    with store.begin() as connection:
        return settle_by_absence(connection, channel, now)


def test_silence_amid_reports_plans_it_again_once_with_the_evidence_written_down(
    store: sa.Engine, now: datetime
) -> None:
    allow(store, now)
    doubt_one(store, now)
    send_later(store, now, WITNESSES)

    assert settle(store, now + OLD_ENOUGH) == 1
    with store.connect() as connection:
        found = connection.execute(sa.select(messages).where(messages.c.message_id == "m1")).one()
        lines = connection.execute(sa.select(audit)).all()
    assert (found.status, found.attempts, found.claimed_by) == (Status.PLANNED, 1, None)
    assert f"each of the {WITNESSES} messages claimed after it" in found.reason
    assert [(line.actor, line.action, line.target) for line in lines] == [("worker", "settle_by_absence", "m1")]
    assert settle(store, now + OLD_ENOUGH) == 0


def test_it_is_for_a_person_when_it_happens_to_the_same_message_again(store: sa.Engine, now: datetime) -> None:
    allow(store, now)
    doubt_one(store, now)
    send_later(store, now, WITNESSES)
    settle(store, now + OLD_ENOUGH)

    again = now + OLD_ENOUGH
    with store.begin() as connection:
        outbox.claim_fairly(connection, channel="whatsapp", worker="w", limit=1, now=again, lease=LEASE)
        ledger.doubt(connection, "m1", reason="timeout", at=again)
    for number in range(WITNESSES):
        key = claim_one(store, 500 + number, again + timedelta(minutes=1))
        with store.begin() as connection:
            ledger.accept(connection, [ledger.Receipt(key, f"x{number}")], again + timedelta(minutes=1))
        hear(store, again + timedelta(minutes=2), EventType.SENT, f"x{number}", message_id=key)
    assert settle(store, again + OLD_ENOUGH) == 0
    assert status(store) == Status.IN_DOUBT


@pytest.mark.parametrize("hours", [None, HOURS + 1])
def test_a_campaign_that_does_not_allow_it_yet_or_ever_keeps_its_doubt(
    store: sa.Engine, now: datetime, hours: int | None
) -> None:
    allow(store, now, hours)
    doubt_one(store, now)
    send_later(store, now, WITNESSES)

    assert settle(store, now + OLD_ENOUGH) == 0
    assert status(store) == Status.IN_DOUBT


@pytest.mark.parametrize(
    "later",
    [
        {"count": WITNESSES - 1},  # too few to mean anything
        {"count": WITNESSES + 1, "silent": 1},  # reports do get lost, or are late
        {"count": WITNESSES, "after": 60 * HOURS},  # nobody knows whether we could hear in between
    ],
    ids=["too few", "one is missing", "too far away"],
)
def test_silence_that_proves_nothing_settles_nothing(store: sa.Engine, now: datetime, later: dict[str, Any]) -> None:
    allow(store, now)
    doubt_one(store, now)
    send_later(store, now, **later)

    assert settle(store, now + 3 * OLD_ENOUGH) == 0
    assert status(store) == Status.IN_DOUBT


def test_a_report_that_came_late_shows_that_reports_come_late(store: sa.Engine, now: datetime) -> None:
    allow(store, now)
    doubt_one(store, now)
    send_later(store, now, WITNESSES + 1, silent=1)
    hear(store, now + timedelta(hours=HOURS, minutes=30), EventType.SENT, "late", message_id=f"m{100 + WITNESSES}")

    assert settle(store, now + 2 * OLD_ENOUGH) == 0


def test_messages_claimed_before_it_prove_nothing(store: sa.Engine, now: datetime) -> None:
    allow(store, now)
    before = [claim_one(store, 200 + number, now - timedelta(minutes=1)) for number in range(WITNESSES)]
    doubt_one(store, now)
    answered = now + timedelta(minutes=1)  # the provider was slow
    with store.begin() as connection:
        ledger.accept(connection, [ledger.Receipt(key, f"p{key}") for key in before], answered)
    for key in before:
        hear(store, answered, EventType.SENT, f"e{key}", message_id=key)

    assert settle(store, now + OLD_ENOUGH) == 0


def test_a_later_doubt_has_witnesses_of_its_own(store: sa.Engine, now: datetime) -> None:
    allow(store, now)
    doubt_one(store, now)
    send_later(store, now, WITNESSES)
    key = claim_one(store, 2, now + timedelta(hours=1))
    with store.begin() as connection:
        ledger.doubt(connection, key, reason="timeout", at=now + timedelta(hours=1))

    assert settle(store, now + 2 * OLD_ENOUGH) == 1
    assert (status(store), status(store, "m2")) == (Status.PLANNED, Status.IN_DOUBT)


def test_one_missing_among_those_claimed_together_is_missing(store: sa.Engine, now: datetime) -> None:
    allow(store, now)
    doubt_one(store, now)
    later = now + timedelta(minutes=5)
    plan(store, later, *(row(number) for number in range(300, 301 + WITNESSES)))
    with store.begin() as connection:
        found = outbox.claim_fairly(connection, channel="whatsapp", worker="w", limit=99, now=later, lease=LEASE)
        ledger.accept(connection, [ledger.Receipt(each.message_id, each.message_id) for each in found], later)
    for each in found[1:]:
        hear(store, later, EventType.SENT, f"e{each.message_id}", message_id=each.message_id)
    assert settle(store, now + OLD_ENOUGH) == 0

    hear(store, later, EventType.SENT, "last", message_id=found[0].message_id)
    assert settle(store, now + OLD_ENOUGH) == 1


def test_a_report_that_may_still_be_on_its_way_is_not_missing(store: sa.Engine, now: datetime) -> None:
    allow(store, now)
    doubt_one(store, now)
    send_later(store, now, WITNESSES)
    fresh = now + timedelta(hours=HOURS, minutes=-5)
    key = claim_one(store, 600, fresh)
    with store.begin() as connection:
        ledger.accept(connection, [ledger.Receipt(key, "fresh")], fresh)

    assert settle(store, now + OLD_ENOUGH) == 1


def test_a_delivery_nobody_could_read_may_speak_of_it(store: sa.Engine, now: datetime) -> None:
    allow(store, now)
    doubt_one(store, now)
    send_later(store, now, WITNESSES)
    with store.begin() as connection:
        key = inbox.append(
            connection, source="whatsapp", dedup_key="d", headers={}, body=b"{", received_at=now + timedelta(minutes=1)
        )
        inbox.mark_rejected(connection, key or 0, "no JSON", now)
    assert settle(store, now + OLD_ENOUGH) == 0

    with store.begin() as connection:
        inbox.mark_applied(connection, key or 0, now)
    assert settle(store, now + OLD_ENOUGH) == 1


def test_an_event_that_knows_the_message_stands_against_it(store: sa.Engine, now: datetime) -> None:
    allow(store, now)
    doubt_one(store, now)
    send_later(store, now, WITNESSES)
    with store.begin() as connection:  # recorded, whatever its effect was
        event = events.Event(
            event_id="e",
            channel=Channel.WHATSAPP,
            event_type=EventType.CONVERTED,
            occurred_at=now,
            provider_event_type="order",
            message_id="m1",
        )
        events.record(connection, [event], received_at=now, now=now)

    assert settle(store, now + OLD_ENOUGH) == 0


def test_a_doubt_of_last_month_is_for_a_person(store: sa.Engine, now: datetime) -> None:
    allow(store, now)
    doubt_one(store, now)
    send_later(store, now, WITNESSES)

    assert settle(store, now + timedelta(days=30)) == 0


@pytest.mark.parametrize("channel", ["line", "email"])
def test_a_provider_that_reports_no_single_message_proves_nothing_by_silence(
    store: sa.Engine, now: datetime, channel: str
) -> None:
    allow(store, now)
    doubt_one(store, now, channel)

    assert settle(store, now + OLD_ENOUGH, channel) == 0
    assert status(store) == Status.IN_DOUBT


def test_a_report_that_comes_after_all_keeps_it_from_going_out_again(store: sa.Engine, now: datetime) -> None:
    allow(store, now)
    doubt_one(store, now)
    send_later(store, now, WITNESSES)
    settle(store, now + OLD_ENOUGH)

    hear(store, now + OLD_ENOUGH, EventType.DELIVERED, "late", message_id="m1", provider_message_id="wamid.late")
    assert status(store) == Status.DELIVERED
    with store.begin() as connection:
        later = now + 2 * OLD_ENOUGH
        assert outbox.claim_fairly(connection, channel="whatsapp", worker="w", limit=9, now=later, lease=LEASE) == []
