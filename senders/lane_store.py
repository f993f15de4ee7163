"""A lane's side to the store: everything that blocks, done in one thread beside the event loop."""

import asyncio
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import TypeVar
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.exc import InterfaceError, OperationalError

from core.logs import get_logger
from core.store import lanes, ledger, outbox, suppressions
from core.store.absence import settle_by_absence
from core.store.doubts import RECOGNISED
from core.store.lanes import LaneMemory
from core.store.ledger import Message
from senders.contract import Outgoing
from senders.gate import mark
from senders.limits import Limits, Meter
from senders.prepare import Preparer
from senders.ready import Pair, Ready, doubted_requests, in_requests
from senders.settle import Result, Stopped, settle

Found = TypeVar("Found")
AWAY = (OperationalError, InterfaceError)  # gone, locked, full: may be better later; anything else is a fault of ours
MESSAGE_LEASE = timedelta(seconds=90)
_ABSENCE_SECONDS = 60.0  # how often silence is asked for evidence: one look per message since the oldest doubt
_SAFETY_SECONDS = 5.0  # a lease is over for its owner a little earlier than for others
_BANGKOK = ZoneInfo("Asia/Bangkok")


class LaneStore:
    """Claims, writes down, and keeps the lease of one lane for one worker."""

    def __init__(
        self, engine: sa.Engine, channel: str, worker: str, preparer: Preparer, clock: Callable[[], datetime]
    ) -> None:
        self._engine, self._channel, self._worker = engine, channel, worker
        self._preparer, self._now = preparer, clock
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=f"store-{channel}")
        self._absence_at = 0.0
        self.owned_until = 0.0  # by the monotonic clock

    def own(self) -> LaneMemory | None:
        """Take or renew the lease; None while another worker has the lane."""
        begun = time.monotonic()
        with self._engine.begin() as connection:
            memory = lanes.own(connection, self._channel, self._worker, self._now())
        owned = begun + lanes.LEASE.total_seconds() - _SAFETY_SECONDS
        self.owned_until = owned if memory is not None else 0.0
        return memory

    def meter(self, limits: Limits) -> Meter:
        """Return what the lane has used up of its limits, by the ledger; what no limit asks for is not read."""
        now = self._now()
        month = now.astimezone(_BANGKOK).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
        asks_whom = limits.spacing_seconds or limits.recipients_per_day or limits.domain_per_second
        with self._engine.begin() as connection:
            return Meter(
                limits,
                lanes.sent_since(connection, self._channel, now) if asks_whom else [],
                lanes.count_since(connection, self._channel, month) if limits.messages_per_month else 0,
                lanes.known_domains(connection) if limits.domain_per_second else {},
            )

    def claim(self, limit: int, most_alike: int, alone: set[str]) -> tuple[list[Ready], list[tuple[Message, Stopped]]]:
        """Claim and render what is next: requests that may go, and messages that must not."""
        now, until = self._now(), time.monotonic() + MESSAGE_LEASE.total_seconds() - _SAFETY_SECONDS
        with self._rendering() as connection:
            seen = mark(connection)  # before the look: what comes in between changes it
            claimed = outbox.claim_fairly(
                connection, channel=self._channel, worker=self._worker, limit=limit, now=now, lease=MESSAGE_LEASE
            )
            against = suppressions.against_claimed(connection, self._channel, self._worker, now) if claimed else {}
            stopped = [
                (message, Stopped(against[message.message_id], is_opt_out=True))
                for message in claimed
                if message.message_id in against
            ]
            pairs, broken = self._render(connection, [each for each in claimed if each.message_id not in against], now)
            requests = list(in_requests(pairs, seen, until, most_alike, alone))
            for ready in requests:
                if ready.batch_id is not None:
                    ledger.put_in_batch(connection, [each.message_id for each, _ in ready.pairs], ready.batch_id)
            return requests, stopped + broken

    def doubts(self) -> list[Ready]:
        """Render what is in doubt and young enough for the provider to recognise."""
        now = self._now()
        with self._rendering() as connection:
            found = outbox.doubted(connection, self._channel, since=now - RECOGNISED)
            pairs, _ = self._render(connection, found, now)
            return list(doubted_requests(pairs))

    @contextmanager
    def _rendering(self) -> Iterator[sa.Connection]:
        try:
            with self._engine.begin() as connection:
                yield connection
        except BaseException:
            self._preparer.forget()
            raise

    def _render(
        self, connection: sa.Connection, found: list[Message], now: datetime
    ) -> tuple[list[Pair], list[tuple[Message, Stopped]]]:
        pairs: list[Pair] = []
        broken: list[tuple[Message, Stopped]] = []
        for message in found:
            outgoing = self._preparer.prepare(connection, message, now)
            if isinstance(outgoing, Outgoing):
                pairs.append((message, outgoing))
            else:
                broken.append((message, outgoing))
        return pairs, broken

    def write(self, results: list[tuple[Message, Result]], domains: dict[str, datetime], memory: LaneMemory) -> None:
        """Record answers and what the lane must remember, in one transaction."""
        now = self._now()
        with self._engine.begin() as connection:
            settle(connection, results, self._worker, now)
            lanes.save_domains(connection, domains)
            lanes.remember(connection, self._channel, self._worker, memory, now)

    def tidy(self) -> None:
        """Renew the lease; doubt the claims that were left behind; ask silence for evidence; end what is too late."""
        self.own()
        now = self._now()
        with self._engine.begin() as connection:
            ledger.doubt_expired(connection, now)
            if time.monotonic() >= self._absence_at:
                self._absence_at = time.monotonic() + _ABSENCE_SECONDS
                settle_by_absence(connection, self._channel, now)
            ledger.expire_planned(connection, now)
            suppressions.lift_ended(connection, now)

    def leave(self) -> None:
        """Give the lane up."""
        with self._engine.begin() as connection:
            lanes.leave(connection, self._channel, self._worker, self._now())

    async def once(self, work: Callable[[], Found]) -> Found | None:
        """Do something here, in the thread; None, after a moment, when the store does not answer."""
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, work)
        except AWAY as error:
            get_logger().error("the store does not answer", error=str(error)[:200])
            await asyncio.sleep(0.5)
            return None

    async def patiently(self, work: Callable[[], Found]) -> Found:
        """Do something here, however long the store is away."""
        seconds = 0.25
        while True:
            try:
                return await asyncio.get_running_loop().run_in_executor(self._thread, work)
            except AWAY as error:
                get_logger().error("the store does not answer; waiting for it", error=str(error)[:200])
                await asyncio.sleep(seconds)
                seconds = min(5.0, seconds * 2)

    def close(self) -> None:
        """End the thread."""
        self._thread.shutdown()
