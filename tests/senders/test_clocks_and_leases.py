"""Leases that end at the worst moment, clocks that are set back, outages of days: what a lane makes of them."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from bench.outbox_of import plan
from core.clock import utc_now
from core.store import ladder, lanes, ledger, outbox
from core.store.lanes import LaneMemory
from core.vocabulary import Status
from senders.breaker import Breaker
from senders.contract import NotSent
from senders.gate import Gate
from senders.lane_store import LaneStore
from senders.limits import Limits
from tests.senders.working import GOOD, work


def test_a_lease_that_ends_while_the_gate_looks_sends_nothing(
    sqlite_store: sa.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan(sqlite_store, 1, ("whatsapp",), utc_now())
    stores: list[LaneStore] = []
    own, look = LaneStore.own, Gate.against

    def noted(self: LaneStore) -> Any:
        stores.append(self)
        return own(self)

    def slow(self: Gate, *given: Any) -> Any:
        found = look(self, *given)
        stores[0].owned_until = 0.0  # the link was away for longer than the lease
        return found

    monkeypatch.setattr(LaneStore, "own", noted)
    monkeypatch.setattr(Gate, "against", slow)
    _, peer = work(sqlite_store, GOOD, beside=_a_moment)

    assert peer.taken == []


async def _a_moment(_peer: Any, stop: asyncio.Event) -> None:
    await asyncio.sleep(1.0)
    stop.set()


def test_the_breaker_survives_a_thousand_failures_in_a_row() -> None:
    breaker = Breaker(LaneMemory(None, None, None, 1100), utc_now)

    assert breaker.hear(NotSent("no connection"))
    assert 200 < breaker.pause_left() <= 360


def test_a_short_pause_written_by_an_earlier_clock_does_not_become_an_hour(sqlite_store: sa.Engine) -> None:
    now = utc_now()
    plan(sqlite_store, 5, ("whatsapp",), now)
    with sqlite_store.begin() as connection:
        lanes.own(connection, "whatsapp", "dead", now + timedelta(hours=1))
        pause = LaneMemory(None, now + timedelta(hours=1, seconds=2), "the provider asked us to slow down", 0)
        lanes.remember(connection, "whatsapp", "dead", pause, now + timedelta(hours=1))
    report, _ = work(sqlite_store, GOOD, clock=lambda: now + timedelta(seconds=3))

    assert report.counts == {"accepted": 5}


@pytest.mark.parametrize("how", ["told by webhook", "claimed by a dead worker", "recorded by an earlier clock"])
def test_the_day_counts_everybody_who_was_written_to(sqlite_store: sa.Engine, how: str) -> None:
    now = utc_now()
    plan(sqlite_store, 10, ("whatsapp",), now)
    before = now + timedelta(hours=1) if how == "recorded by an earlier clock" else now
    with sqlite_store.begin() as connection:
        claimed = outbox.claim_fairly(
            connection, channel="whatsapp", worker="dead", limit=4, now=before, lease=timedelta(seconds=90)
        )
        if how == "told by webhook":
            for message in claimed:
                ledger.doubt(connection, message.message_id, reason="died", at=now)
                ladder.raise_status(connection, message.message_id, Status.DELIVERED, now, now)
        if how == "recorded by an earlier clock":
            ledger.accept(connection, [ledger.Receipt(message.message_id, "p") for message in claimed], before)
    _, peer = work(
        sqlite_store,
        GOOD,
        clock=lambda: now + timedelta(seconds=70),
        limits=Limits(per_second=500, in_flight=20, recipients_per_day=5),
    )

    assert len(peer.taken) == 1  # four people have theirs already: the day allows one more
