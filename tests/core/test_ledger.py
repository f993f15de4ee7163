"""The ledger: never twice, never lost, in SQLite and PostgreSQL alike."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from core.store import campaigns, effects, events, ledger, outbox, suppressions
from core.store.tables import messages
from core.vocabulary import Channel, EventType, Status

LEASE = timedelta(minutes=2)


def row(number: int, **changes: Any) -> dict[str, Any]:
    return {
        "message_id": f"m{number}",
        "campaign_id": "renewal",
        "run_id": "r1",
        "step": "renewal_30",
        "variant": "a",
        "contact_id": f"c{number}",
        "company_id": f"k{number}",
        "channel": "whatsapp",
        "purpose": "renewal",
        "address": f"+6600000{number:04}",
        "template_id": "renewal_30",
        "template_version": 1,
        "language": "th",
        "variables": {"name": "ก"},
        "subject_type": "contract",
        "subject_id": f"s{number}",
        "priority": 5,
        "not_before": None,
        "expires_at": None,
        "snapshot_id": "s",
        **changes,
    }


def plan(store: sa.Engine, now: datetime, *rows: dict[str, Any]) -> int:
    with store.begin() as connection:
        return ledger.plan(connection, rows, now)


def claim(store: sa.Engine, now: datetime, worker: str = "w", limit: int = 10) -> list[ledger.Message]:
    with store.begin() as connection:
        return outbox.claim_fairly(connection, channel="whatsapp", worker=worker, limit=limit, now=now, lease=LEASE)


def status(store: sa.Engine, message_id: str = "m1") -> str:
    with store.connect() as connection:
        return str(
            connection.execute(sa.select(messages.c.status).where(messages.c.message_id == message_id)).scalar_one()
        )


def hear(store: sa.Engine, now: datetime, event_type: EventType, key: str, **more: Any) -> int:
    event = events.Event(
        event_id=key,
        channel=Channel.WHATSAPP,
        event_type=event_type,
        occurred_at=now,
        provider_event_type=str(event_type),
        **more,
    )
    with store.begin() as connection:
        new = events.record(connection, [event], received_at=now, now=now)
        for found in new:
            effects.apply(connection, found, now)
    return len(new)


def test_planning_twice_changes_nothing(store: sa.Engine, now: datetime) -> None:
    assert plan(store, now, row(1), row(2)) == 2
    assert plan(store, now, row(1), row(2), row(3)) == 1


def test_planning_tells_how_many_of_many_were_new(store: sa.Engine, now: datetime) -> None:
    rows = [row(number) for number in range(1200)]

    assert plan(store, now, *rows[:700]) == 700
    assert plan(store, now, *rows) == 500
    assert plan(store, now) == 0


def test_each_message_is_claimed_by_one_worker_only(store: sa.Engine, now: datetime) -> None:
    plan(store, now, *(row(number) for number in range(200)))

    with ThreadPoolExecutor(8) as pool:
        taken = list(pool.map(lambda worker: claim(store, now, f"w{worker}", 25), range(8)))
    taken.append(claim(store, now, limit=200))  # PostgreSQL may give a claim fewer than it asked for

    names = [message.message_id for part in taken for message in part]
    assert len(names) == len(set(names)) == 200


def test_urgent_messages_overtake_older_ones(store: sa.Engine, now: datetime) -> None:
    plan(store, now - timedelta(hours=1), row(1))
    plan(store, now, row(2, priority=1))

    assert [message.message_id for message in claim(store, now, limit=1)] == ["m2"]


@pytest.mark.parametrize("scope", ["all", "channel:whatsapp", "campaign:renewal", "template:renewal_30"])
def test_a_hold_stops_the_next_claim(store: sa.Engine, now: datetime, scope: str) -> None:
    plan(store, now, row(1))
    with store.begin() as connection:
        campaigns.set_hold(connection, scope, "stop", "ada", now)

    assert claim(store, now) == []
    with store.begin() as connection:
        campaigns.lift_hold(connection, scope)
    assert len(claim(store, now)) == 1


def test_what_a_dead_worker_claimed_is_in_doubt_and_never_claimed_again(store: sa.Engine, now: datetime) -> None:
    plan(store, now, row(1))
    claim(store, now)

    later = now + LEASE + timedelta(seconds=1)
    with store.begin() as connection:
        assert ledger.doubt_expired(connection, later) == 1
    assert status(store) == Status.IN_DOUBT
    assert claim(store, later) == []


def test_a_webhook_may_come_before_the_receipt(store: sa.Engine, now: datetime) -> None:
    plan(store, now, row(1))
    claim(store, now)
    hear(store, now, EventType.DELIVERED, "e1", message_id="m1", provider_message_id="wamid.1")

    with store.begin() as connection:
        ledger.accept(connection, [ledger.Receipt("m1", "wamid.1")], now)

    assert status(store) == Status.DELIVERED


def test_a_late_lower_status_and_a_repeat_change_nothing(store: sa.Engine, now: datetime) -> None:
    plan(store, now, row(1))
    claim(store, now)
    assert hear(store, now, EventType.READ, "e1", message_id="m1") == 1
    assert hear(store, now, EventType.READ, "e1", message_id="m1") == 0
    hear(store, now, EventType.SENT, "e2", message_id="m1")
    hear(store, now, EventType.FAILED, "e3", message_id="m1")

    assert status(store) == Status.READ


def test_a_status_webhook_resolves_a_doubt(store: sa.Engine, now: datetime) -> None:
    plan(store, now, row(1))
    claim(store, now)
    with store.begin() as connection:
        ledger.doubt(connection, "m1", reason="timeout", at=now)

    hear(store, now, EventType.SENT, "e1", message_id="m1", provider_message_id="wamid.9")

    assert status(store) == Status.SENT


def test_an_unsubscribe_stands_against_the_address_at_once(store: sa.Engine, now: datetime) -> None:
    plan(store, now, row(1))
    hear(store, now, EventType.UNSUBSCRIBED, "e1", address=row(1)["address"])

    with store.begin() as connection:
        against = suppressions.reason_against(
            connection, channel="whatsapp", address=row(1)["address"], contact_id="c1", purpose="renewal"
        )
        other = suppressions.reason_against(
            connection, channel="email", address="x@y.example", contact_id="c1", purpose="renewal"
        )
    assert against == "unsubscribed"
    assert other is None


def test_an_expired_message_is_not_sent(store: sa.Engine, now: datetime) -> None:
    plan(store, now, row(1, expires_at=now - timedelta(minutes=1)))

    assert claim(store, now) == []
    with store.begin() as connection:
        assert ledger.expire_planned(connection, now) == 1
    assert status(store) == Status.EXPIRED
