"""A lane: one provider account and the worker that owns it, from claim to receipt.

Four things overlap: claiming and rendering the next messages, waiting for the provider's rate, the requests under way,
and recording answers. What a kill leaves in doubt is what was claimed and not recorded: about a fifth of a second of
the rate, and what is under way.
"""

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from core.errors import TransientError
from core.logs import get_logger
from core.store.lanes import LaneMemory
from core.store.ledger import Message
from senders.breaker import Breaker
from senders.contract import Outgoing, Sender
from senders.gate import HELD, Gate
from senders.lane_store import LaneStore
from senders.limits import Limits, TokenBucket
from senders.prepare import Preparer
from senders.settle import Released, Result, Stopped

_CLAIM_SECONDS = 0.1  # twice that much may be claimed and not sent
_RECORD_SECONDS = 0.02
_RECORD_MOST = 250
_LOOK_SECONDS = 0.25  # how soon holds, pauses and news of the outbox are seen
_KEEP_SECONDS = 15.0


@dataclass(frozen=True, kw_only=True)
class LaneOptions:
    """What a lane works with."""

    limits: Limits
    worker: str
    clock: Callable[[], datetime]
    until_idle: bool


class Lane:
    """Claims, sends and records the messages of one provider account."""

    def __init__(self, engine: sa.Engine, sender: Sender, preparer: Preparer, options: LaneOptions) -> None:
        self._sender, self._options, self._now = sender, options, options.clock
        self._limits = options.limits
        self._store = LaneStore(engine, sender.channel, options.worker, preparer, options.clock)
        self._gate = Gate(engine)
        self._claim = max(1, min(500, round(self._limits.per_second * _CLAIM_SECONDS)))
        self._bucket = TokenBucket(self._limits.per_second, self._limits.burst_seconds)
        self._place: asyncio.Future[None] | None = None  # awaited while as many are under way as may be
        self._ready: deque[tuple[Message, Outgoing]] = deque()
        self._tasks: set[asyncio.Task[None]] = set()
        self._results: list[tuple[Message, Result]] = []
        self._fetching: asyncio.Task[None] | None = None
        self._dry_until = self._blind_until = 0.0
        self._is_over = False
        self.recorded = 0

    async def run(self, stop: asyncio.Event) -> None:
        """Send while this worker owns the lane, until told to stop, or until nothing may go out now."""
        memory = await self._take_over(stop)
        if memory is not None:
            self._meter = await self._store.patiently(lambda: self._store.meter(self._limits))
            now = self._now()
            self._breaker = Breaker(memory, now)
            if memory.next_at is not None:
                self._bucket.not_before(min(1.0, (memory.next_at - now).total_seconds()))
            await self._work(stop)
            await self._store.once(self._store.leave)
        self._gate.close()
        self._store.close()

    async def _take_over(self, stop: asyncio.Event) -> LaneMemory | None:
        while not stop.is_set():
            memory = await self._store.patiently(self._store.own)
            if memory is not None or self._options.until_idle:
                return memory  # another worker sends for this account: that is enough for who only waits for it
            await _sleep(stop, 1.0)
        return None

    async def _work(self, stop: asyncio.Event) -> None:
        await self._tidy_up()
        recorder = asyncio.create_task(self._record_until_over())
        housekeeper = asyncio.create_task(self._keep())
        try:
            while not stop.is_set() and await self._turn(stop):
                pass
        finally:
            housekeeper.cancel()
            await self._fetched()
            self._put_back()
            await asyncio.gather(*self._tasks, housekeeper, return_exceptions=True)
            self._is_over = True
            await recorder
            await self._record()

    async def _turn(self, stop: asyncio.Event) -> bool:
        """Do what is next; False when this lane is through."""
        if self._must_wait():
            self._put_back()
            if self._options.until_idle and not self._tasks:
                return False
            await _sleep(stop, _LOOK_SECONDS)
            return True
        if self._fetching is None and self._is_low():
            self._fetching = asyncio.create_task(self._fetch())
        if self._ready:
            await self._send_ready(stop)
            return True
        await self._fetched()
        if self._ready:
            return True
        if self._options.until_idle and not self._tasks and not self._results:
            return False
        await _sleep(stop, _RECORD_SECONDS if self._tasks or self._results else _LOOK_SECONDS)
        return True

    def _must_wait(self) -> bool:
        now = time.monotonic()
        return self._breaker.pause_left() > 0 or now > self._store.owned_until or now < self._blind_until

    def _is_low(self) -> bool:
        return len(self._ready) <= self._claim // 2 and time.monotonic() >= self._dry_until

    async def _fetched(self) -> None:
        if self._fetching is not None:
            fetching, self._fetching = self._fetching, None
            await fetching

    async def _fetch(self) -> None:
        """Claim and render what is next."""
        limit = 1 if self._breaker.is_probing else self._claim
        prepared = await self._store.once(lambda: self._store.claim(limit)) or []
        if not prepared:
            self._dry_until = time.monotonic() + _LOOK_SECONDS
        for message, outgoing in prepared:
            if isinstance(outgoing, Outgoing):
                self._ready.append((message, outgoing))
            else:
                self._results.append((message, outgoing))

    async def _send_ready(self, stop: asyncio.Event) -> None:
        """Start what is claimed, at the provider's rate, until more should be claimed or the lane must wait."""
        while self._ready and not stop.is_set() and not self._must_wait():
            if self._fetching is not None and self._fetching.done():
                await self._fetched()
            if self._fetching is None and self._is_low():
                return
            if self._breaker.is_probing and self._tasks:
                await asyncio.wait(self._tasks)
                continue
            if len(self._tasks) >= self._limits.in_flight:
                self._place = asyncio.get_running_loop().create_future()
                await self._place
            message, outgoing = self._ready.popleft()
            if delay := self._meter.delay(message.address, self._now()):
                self._results.append((message, delay))
                continue
            self._meter.took(message.address, self._now())
            if wait := self._bucket.wait_seconds():
                await asyncio.sleep(wait)
            task = asyncio.create_task(self._send(message, outgoing, self._meter.domain_wait(message.address)))
            self._tasks.add(task)
            task.add_done_callback(self._ended)

    async def _send(self, message: Message, outgoing: Outgoing, wait: float) -> None:
        """Look a last time and send: nothing is awaited between that look and the request."""
        if wait:
            await asyncio.sleep(wait)
        if (against := self._last_look(message)) is not None:
            self._results.append((message, against))
            return
        answer = await self._sender.send(outgoing)
        self._results.append((message, answer))
        if self._breaker.hear(answer, self._now()):
            get_logger().warning("lane pauses", channel=message.channel, reason=self._breaker.reason)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if self._place is not None and not self._place.done():
            self._place.set_result(None)
        if not task.cancelled() and (error := task.exception()) is not None:
            get_logger().error("a sender broke its promise never to raise", error=repr(error))

    def _last_look(self, message: Message) -> Stopped | Released | None:
        if self._must_wait():
            return Released()
        try:
            against = self._gate.against(message)
        except TransientError as error:
            get_logger().error("nothing is sent", reason=str(error))
            self._blind_until = time.monotonic() + 1.0
            return Released()
        if against is None:
            return None
        return Released() if against == HELD else Stopped(against, is_opt_out=True)

    def _put_back(self) -> None:
        self._results.extend((message, Released()) for message, _ in self._ready)
        self._ready.clear()

    async def _record_until_over(self) -> None:
        while not self._is_over:
            if len(self._results) < _RECORD_MOST:
                await asyncio.sleep(_RECORD_SECONDS)
            await self._record()

    async def _record(self) -> None:
        """Write down every answer there is. A store that is away is waited for: an answer is never dropped."""
        results, self._results = self._results, []
        if not results:
            return
        domains, self._meter.new_domains = self._meter.new_domains, {}
        self._meter.domains.update(domains)
        await self._store.patiently(lambda: self._store.write(results, domains, self._memory()))
        self.recorded += len(results)

    def _memory(self) -> LaneMemory:
        paused = self._breaker.paused_until if self._breaker.pause_left() else None
        next_at = self._now() + timedelta(seconds=self._bucket.ahead())
        return LaneMemory(next_at, paused, self._breaker.reason if paused else None, self._breaker.failures)

    async def _keep(self) -> None:
        while True:
            await asyncio.sleep(_KEEP_SECONDS)
            await self._tidy_up()

    async def _tidy_up(self) -> None:
        """Keep the lease, look after claims that were left behind, settle doubts where a repeat is harmless."""
        await self._store.once(self._store.tidy)
        if not self._sender.knows_repeats:
            return
        for message, outgoing in await self._store.once(self._store.doubts) or ():
            if isinstance(outgoing, Outgoing) and self._last_look(message) is None:
                await asyncio.sleep(self._bucket.wait_seconds())
                answer = await self._sender.send(outgoing)  # under the same key: the provider knows if it has it
                self._breaker.hear(answer, self._now())
                self._results.append((message, answer))


async def _sleep(stop: asyncio.Event, seconds: float) -> None:
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), timeout=seconds)
