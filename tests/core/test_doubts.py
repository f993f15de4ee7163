"""A doubt is settled by what proves arrival, or by a person, and what a person decided is written down."""

from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa

from core.store import doubts, ledger
from core.store.tables import audit, messages
from core.vocabulary import EventType, Status
from tests.core.test_ledger import claim, hear, plan, row, status

PROOFS = [EventType.OPENED, EventType.CLICKED, EventType.REPLIED, EventType.COMPLAINED, EventType.UNSUBSCRIBED]


@pytest.fixture
def doubted(store: sa.Engine, now: datetime) -> sa.Engine:
    """Three messages, of which the first two are in doubt and the third is planned."""
    plan(store, now, row(1), row(2, campaign_id="zone_offline", run_id="r2"))
    claim(store, now)
    with store.begin() as connection:
        for key in ("m1", "m2"):
            ledger.doubt(connection, key, reason="timeout", at=now)
    plan(store, now, row(3))
    return store


def found(store: sa.Engine, key: str = "m1") -> sa.Row[tuple[object, ...]]:
    with store.connect() as connection:
        return connection.execute(sa.select(messages).where(messages.c.message_id == key)).one()


@pytest.mark.parametrize("proof", PROOFS)
def test_what_only_a_recipient_can_do_proves_that_it_arrived(
    doubted: sa.Engine, now: datetime, proof: EventType
) -> None:
    hear(doubted, now + timedelta(minutes=1), proof, "e1", message_id="m1")

    assert found(doubted).status == Status.ACCEPTED
    assert found(doubted).accepted_at == now + timedelta(minutes=1)
    assert found(doubted).reason is None


@pytest.mark.parametrize("proof", PROOFS)
def test_it_neither_lowers_a_status_nor_touches_what_never_left(
    doubted: sa.Engine, now: datetime, proof: EventType
) -> None:
    hear(doubted, now, EventType.DELIVERED, "e1", message_id="m1")
    hear(doubted, now, proof, "e2", message_id="m1")
    hear(doubted, now, proof, "e3", message_id="m3")

    assert status(doubted) == Status.DELIVERED
    assert (found(doubted, "m3").status, found(doubted, "m3").accepted_at) == (Status.PLANNED, None)


def test_a_bounce_ends_a_doubt_as_failed(doubted: sa.Engine, now: datetime) -> None:
    hear(doubted, now, EventType.BOUNCED, "e1", message_id="m1")

    assert found(doubted).status == Status.FAILED


def test_a_webhook_that_settles_a_doubt_says_when_it_was_taken(doubted: sa.Engine, now: datetime) -> None:
    hear(doubted, now + timedelta(seconds=2), EventType.SENT, "e1", message_id="m1")

    assert found(doubted).accepted_at == found(doubted).sent_at == now + timedelta(seconds=2)


def test_each_doubt_is_listed_with_why_since_when_and_what_could_settle_it(doubted: sa.Engine, now: datetime) -> None:
    with doubted.connect() as connection:
        listed = doubts.standing(connection, doubts.chosen(campaign_id="renewal"), now)

    assert [(each.message_id, each.since, each.why) for each in listed] == [("m1", now, "timeout")]
    assert "status webhook" in listed[0].evidence


@pytest.mark.parametrize(("age", "says"), [(1, "nothing to do"), (30, "too old")])
def test_line_settles_itself_while_its_key_is_young(now: datetime, age: int, says: str) -> None:
    assert says in doubts.what_settles("line", now - timedelta(hours=age), now)


@pytest.mark.parametrize("decision", [Status.ACCEPTED, Status.PLANNED, Status.CANCELLED])
def test_a_person_decides_and_it_is_written_down(doubted: sa.Engine, now: datetime, decision: Status) -> None:
    later = now + timedelta(hours=3)
    with doubted.begin() as connection:
        done = doubts.decide(
            connection, doubts.chosen(message_id="m1"), decision, reason="Meta said so", actor="ada", now=later
        )

    assert done.message_ids == ["m1"]
    row = found(doubted)
    assert (row.status, row.reason, row.updated_at) == (decision, "Meta said so", later)
    assert row.accepted_at == (now if decision is Status.ACCEPTED else None)  # when it left, not when she said so
    assert row.attempts == (1 if decision is Status.PLANNED else 0)
    with doubted.connect() as connection:
        lines = connection.execute(sa.select(audit)).all()
    assert [(line.actor, line.action, line.target, line.detail["reason"]) for line in lines] == [
        ("ada", "settle_doubt", "m1", "Meta said so")
    ]


def test_what_is_not_in_doubt_any_more_stays_as_it_is(doubted: sa.Engine, now: datetime) -> None:
    hear(doubted, now, EventType.READ, "e1", message_id="m1")
    with doubted.begin() as connection:
        done = doubts.decide(
            connection, doubts.chosen(message_id="m1"), Status.PLANNED, reason="no", actor="ada", now=now
        )
        why = doubts.unknown_because(connection, "m1")

    assert done.message_ids == []
    assert why == "message m1 is read, not in doubt"
    assert status(doubted) == Status.READ


def test_a_whole_run_is_settled_at_once_and_says_what_comes_too_late(store: sa.Engine, now: datetime) -> None:
    ends = now + timedelta(hours=1)
    plan(store, now, row(1, expires_at=ends), row(2), row(3, run_id="other"))
    claim(store, now)
    with store.begin() as connection:
        for key in ("m1", "m2", "m3"):
            ledger.doubt(connection, key, reason="timeout", at=now)
        done = doubts.decide(connection, doubts.chosen(run_id="r1"), Status.PLANNED, reason="no", actor="ada", now=ends)

    assert sorted(done.message_ids) == ["m1", "m2"]
    assert done.too_late == 1
    assert status(store, "m3") == Status.IN_DOUBT


def test_a_doubt_cannot_end_as_anything_else(doubted: sa.Engine, now: datetime) -> None:
    with pytest.raises(ValueError, match="does not end as read"), doubted.begin() as connection:
        doubts.settle(connection, sa.true(), Status.READ, reason="", at=now)
