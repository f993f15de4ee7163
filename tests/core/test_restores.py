"""After a restore: what may have been sent is in doubt, everything is held, and only what is still evidence counts."""

from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from core.store import campaigns, doubts, lanes, ledger, outbox, restores
from core.store.absence import WITNESSES
from core.store.tables import audit, messages
from core.store.tables import lanes as lane_rows
from core.store.templates import save_template
from core.vocabulary import EventType
from senders.ready import doubted_requests
from tests.core.test_absence import OLD_ENOUGH, allow, doubt_one, send_later, settle
from tests.core.test_ledger import claim, hear, plan, row, status

HOUR = timedelta(hours=1)


def _restore(store: sa.Engine, made_at: datetime, now: datetime) -> restores.Uncertain:
    with store.begin() as connection:
        return restores.begin_epoch(connection, made_at=made_at, now=now)


def _message(store: sa.Engine, message_id: str) -> Any:
    with store.connect() as connection:
        return connection.execute(sa.select(messages).where(messages.c.message_id == message_id)).one()


def test_what_waited_or_was_under_way_is_in_doubt_and_what_was_taken_is_not(store: sa.Engine, now: datetime) -> None:
    plan(store, now, *(row(number) for number in range(4)))
    for message in claim(store, now, limit=3):
        with store.begin() as connection:
            if message.message_id == "m0":
                ledger.accept(connection, [ledger.Receipt("m0", "wamid.0")], now)
            if message.message_id == "m1":
                ledger.doubt(connection, "m1", reason="timeout", at=now)
    plan(store, now, row(5, not_before=now + 9 * HOUR), row(6, not_before=now + HOUR))

    found = _restore(store, now, now + 5 * HOUR)

    assert found == restores.Uncertain(in_doubt=4, planned=1)
    assert [status(store, f"m{number}") for number in (0, 1, 2, 3, 5, 6)] == [
        "accepted",
        "in_doubt",
        "in_doubt",
        "in_doubt",
        "planned",  # it was not due before the restore
        "in_doubt",
    ]
    waited = _message(store, "m3")
    assert waited.claimed_at == now  # it may have left from then on
    assert "restored from the backup of 2026-03-02 03:00 UTC" in waited.reason


def test_everything_is_held_until_a_person_lifts_it_and_the_reason_before_is_kept(
    store: sa.Engine, now: datetime
) -> None:
    with store.begin() as connection:
        campaigns.set_hold(connection, "all", "wrong prices", "cli", now)
        lanes.own(connection, "whatsapp", "w", now)
    _restore(store, now, now + HOUR)
    plan(store, now + HOUR, row(1))

    assert claim(store, now + HOUR) == []
    with store.begin() as connection:
        reason = campaigns.standing_holds(connection)["all"]
        assert "restored from the backup" in reason and "wrong prices" in reason
        assert [line.action for line in connection.execute(sa.select(audit))] == ["restore"]
        lane = connection.execute(sa.select(lane_rows)).one()
        assert (lane.owner, lane.epoch) == ("", 2)
        campaigns.lift_hold(connection, "all")
    assert [message.message_id for message in claim(store, now + HOUR)] == ["m1"]


@pytest.mark.parametrize(("button", "is_asked"), [({"label": "Open", "url": "https://a.test"}, True), (None, False)])
def test_line_is_asked_only_about_what_certainly_went_out_under_its_own_key(
    store: sa.Engine, now: datetime, button: Any, is_asked: bool
) -> None:
    with store.begin() as connection:
        content = {"text": "hello", "button": button} if button else {"text": "hello"}
        save_template(connection, template_id="renewal_30", channel="line", language="th", content=content, now=now)
    plan(store, now, row(1, channel="line"), row(2, channel="line", template_id="gone"))
    _restore(store, now, now + HOUR)

    with store.connect() as connection:
        found = outbox.doubted(connection, "line", since=now - HOUR)
        listed = {each.message_id: each.evidence for each in doubts.standing(connection, [], now + HOUR)}
    asked = {ready.pairs[0][0].message_id for ready in doubted_requests((message, None) for message in found)}  # type: ignore[misc]
    assert asked == ({"m1"} if is_asked else set())
    assert ("same retry key" in listed["m1"]) is is_asked
    assert "bma doubt settle" in listed["m2"]


def test_a_status_that_still_comes_settles_it(store: sa.Engine, now: datetime) -> None:
    plan(store, now, row(1))
    _restore(store, now, now + HOUR)
    hear(store, now + 2 * HOUR, EventType.DELIVERED, "e", message_id="m1")

    assert status(store) == "delivered"


def test_silence_proves_nothing_about_the_time_whose_reports_are_lost(store: sa.Engine, now: datetime) -> None:
    allow(store, now)
    doubt_one(store, now)
    send_later(store, now, WITNESSES)
    _restore(store, now + HOUR, now + HOUR)

    assert settle(store, now + OLD_ENOUGH) == 0
    with store.connect() as connection:
        (doubt,) = doubts.standing(connection, [], now + OLD_ENOUGH)
    assert "provider's counts since the backup" in doubt.evidence


def test_what_was_due_at_the_restore_is_planned_in_doubt(store: sa.Engine, now: datetime) -> None:
    plan(store, now, row(1), row(2))
    with store.begin() as connection:
        assert restores.doubt_planned(connection, ["m1", "unknown"], now - HOUR, now) == 1

    assert (status(store, "m1"), status(store, "m2")) == ("in_doubt", "planned")
    assert _message(store, "m1").claimed_at == now - HOUR
