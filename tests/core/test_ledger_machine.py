"""The ledger as a machine: whatever workers, crashes, webhooks, people and clocks do in whatever order, it holds."""

from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from hypothesis import HealthCheck, settings
from hypothesis import strategies as some
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, multiple, rule

from core.store import campaigns, doubts, effects, events, ledger, outbox
from core.store.engine import open_store
from core.store.ledger import Message, Receipt
from core.store.tables import messages
from core.vocabulary import LADDER, Channel, EventType, Status
from tests.core.test_ledger import row

LEASE = timedelta(seconds=90)
COUNT = 6
RANK = {status: place for place, status in enumerate(LADDER)}
FINAL = {Status.FAILED, Status.EXPIRED, Status.CANCELLED, Status.SUPPRESSED}
STATUSES = {EventType.SENT: Status.SENT, EventType.DELIVERED: Status.DELIVERED, EventType.READ: Status.READ}


class Ledger(RuleBasedStateMachine):
    """Workers claim and send to a provider that recognises no repeats; its count must never pass one."""

    claims = Bundle("claims")

    @initialize()
    def begin(self) -> None:
        self.now = datetime(2026, 3, 2, 3, 0, tzinfo=UTC)
        self.store = open_store("sqlite:///:memory:")
        self.taken: dict[str, int] = {}
        self.seen: dict[str, str] = {}
        self.workers = self.events = 0
        expires = self.now + timedelta(hours=20)
        rows = [row(number, campaign_id=f"k{number % 2}", expires_at=expires) for number in range(COUNT)]
        with self.store.begin() as connection:
            ledger.plan(connection, rows, self.now)

    @rule(target=claims, limit=some.integers(1, 3))
    def claim(self, limit: int) -> Any:
        self.workers += 1
        worker = f"w{self.workers}"
        with self.store.begin() as connection:
            found = outbox.claim_fairly(
                connection, channel="whatsapp", worker=worker, limit=limit, now=self.now, lease=LEASE
            )
        return multiple(*((worker, message) for message in found))

    @rule(claimed=claims, then=some.sampled_from(["receipt", "crash", "crash", "unknown"]))
    def send(self, claimed: tuple[str, Message], then: str) -> None:
        """A worker sends only what is still its own, and then records, loses its life, or knows nothing."""
        worker, message = claimed
        if not self._is_still(worker, message.message_id):
            return
        self.taken[message.message_id] = self.taken.get(message.message_id, 0) + 1
        with self.store.begin() as connection:
            if then == "receipt":
                ledger.accept(connection, [Receipt(message.message_id, f"p-{message.message_id}")], self.now)
            elif then == "unknown":
                ledger.doubt(connection, message.message_id, reason="timeout", at=self.now)

    @rule(claimed=claims, how=some.sampled_from(["release", "later", "refused", "opt_out"]))
    def not_sent(self, claimed: tuple[str, Message], how: str) -> None:
        """A worker that certainly sent nothing says so; if it did send, these calls must not bring it back."""
        worker, message = claimed
        key = message.message_id
        if key in self.taken or (how == "refused" and not self._is_still(worker, key)):
            return  # it cannot be certain then
        with self.store.begin() as connection:
            if how == "release":
                ledger.release(connection, [key], worker, self.now)
            elif how == "later":
                ledger.postpone(
                    connection,
                    key,
                    worker=worker,
                    not_before=self.now + timedelta(minutes=1),
                    reason="throttled",
                    is_attempt=True,
                    now=self.now,
                )
            elif how == "opt_out":
                ledger.suppress(connection, key, reason="unsubscribed", at=self.now)
            else:
                ledger.fail(connection, key, error_class="permanent_request", error_code="1", reason="no", at=self.now)

    @rule(
        number=some.integers(0, COUNT - 1),
        kind=some.sampled_from([*STATUSES, EventType.FAILED]),
        repeats=some.integers(1, 3),
    )
    def hear(self, number: int, kind: EventType, repeats: int) -> None:
        """A webhook comes: before the receipt, late, again; only of what the provider has."""
        key = f"m{number}"
        if key not in self.taken:
            return
        self.events += 1
        event = events.Event(
            event_id=f"e{self.events}",
            channel=Channel.WHATSAPP,
            event_type=kind,
            occurred_at=self.now,
            provider_event_type=str(kind),
            message_id=key,
        )
        for _ in range(repeats):
            with self.store.begin() as connection:
                for new in events.record(connection, [event], received_at=self.now, now=self.now):
                    effects.apply(connection, new, self.now)

    @rule(
        scope=some.sampled_from(["all", "campaign:k0", "channel:whatsapp"]),
        is_on=some.sampled_from([True, False, False]),
    )
    def hold(self, scope: str, is_on: bool) -> None:
        with self.store.begin() as connection:
            if is_on:
                campaigns.set_hold(connection, scope, "stop", "ada", self.now)
            else:
                campaigns.lift_hold(connection, scope)

    @rule(number=some.integers(0, COUNT - 1), what=some.sampled_from(["cancel", "again"]))
    def decide(self, number: int, what: str) -> None:
        """A person cancels what is planned, or sends again what is in doubt and, as she knows, never left."""
        key = f"m{number}"
        with self.store.begin() as connection:
            if what == "cancel":
                ledger.cancel(connection, key, reason="paid", at=self.now)
            elif key not in self.taken:
                which = messages.c.message_id == key
                doubts.settle(connection, which, Status.PLANNED, reason="never left", at=self.now)

    @rule(seconds=some.sampled_from([1, 120, 120, 3600, -3600]))
    def pass_time(self, seconds: int) -> None:
        """Time passes, or somebody sets the clock back an hour."""
        self.now += timedelta(seconds=seconds)

    @rule()
    def leases_end(self) -> None:
        self.now += LEASE + timedelta(seconds=1)
        self.tidy()

    @rule()
    def tidy(self) -> None:
        with self.store.begin() as connection:
            ledger.doubt_expired(connection, self.now)
            ledger.expire_planned(connection, self.now)

    @invariant()
    def nothing_goes_out_twice(self) -> None:
        assert all(count == 1 for count in getattr(self, "taken", {}).values())

    @invariant()
    def nothing_vanishes_and_no_status_falls(self) -> None:
        if not hasattr(self, "store"):
            return
        now = self._statuses()
        assert len(now) == COUNT
        for key, status in now.items():
            before = self.seen.get(key, Status.PLANNED)
            if before in FINAL:
                # The one way out of an exit: the provider's own word that it was delivered after all is kept as an
                # event; the ledger's exit stays.
                assert status == before, (key, before, status)
            elif key in self.taken and status in RANK:
                assert RANK[Status(status)] >= min(RANK[Status(before)], RANK[Status.IN_DOUBT]), (key, before, status)
            self.seen[key] = status

    @invariant()
    def what_was_sent_never_waits_to_be_sent_again(self) -> None:
        if hasattr(self, "store"):
            statuses = self._statuses()
            assert all(statuses[key] != Status.PLANNED for key in self.taken)

    def teardown(self) -> None:
        """At the end everything has ended, or waits for a reason that is written down."""
        if not hasattr(self, "store"):
            return
        self.now += timedelta(days=3)
        self.tidy()
        with self.store.connect() as connection:
            for found in connection.execute(sa.select(messages.c.status, messages.c.reason)):
                assert found.status not in {Status.PLANNED, Status.CLAIMED}
                assert found.status != Status.IN_DOUBT or found.reason
        self.store.dispose()

    def _is_still(self, worker: str, key: str) -> bool:
        """What the lane asks by its lease before each write."""
        with self.store.connect() as connection:
            found = connection.execute(
                sa.select(messages.c.status, messages.c.claimed_by).where(messages.c.message_id == key)
            ).one()
        return found.status == Status.CLAIMED and found.claimed_by == worker and key not in self.taken

    def _statuses(self) -> dict[str, str]:
        with self.store.connect() as connection:
            return dict(connection.execute(sa.select(messages.c.message_id, messages.c.status)).all())


Ledger.TestCase.settings = settings(
    max_examples=150, stateful_step_count=50, deadline=None, suppress_health_check=list(HealthCheck)
)
test_the_ledger_holds = Ledger.TestCase
