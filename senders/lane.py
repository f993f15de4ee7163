"""A lane: one provider account and the worker that owns it, from claim to receipt.

Three things overlap: claiming and rendering the next messages, the requests under way, and recording answers. What a
kill leaves in doubt is what was claimed and not recorded: about a fifth of a second of the rate, and what is under way.
"""

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from core import faults
from core.errors import TransientError
from core.logs import get_logger
from core.store.lanes import LaneMemory
from core.store.ledger import Message
from senders.breaker import Breaker
from senders.contract import Accepted, AlikeSender, Answer, Rejected, Sender, Unknown
from senders.feed import Feed
from senders.gate import HELD, Gate
from senders.lane_store import LaneStore
from senders.limits import Limits, TokenBucket
from senders.prepare import Preparer
from senders.ready import Ready
from senders.settle import Released, Result, Stopped, settles_doubt
from senders.telling import Telling

_RECORD_SECONDS = 0.04
_RECORD_MOST = 500  # of the house plan: each commit waits for the disk once
_LOOK_SECONDS = 0.25  # how soon holds, pauses and news of the outbox are seen
_SHORTEST_WAIT = 0.02  # for the rate, whose burst is longer: waking up for every message costs more than the message
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
        self._gate, self._telling = Gate(engine), Telling(sender.channel)
        self._alike = sender if isinstance(sender, AlikeSender) else None
        self._feed = Feed(self._store, options.limits, self._alike.most_alike if self._alike else 1)
        self._bucket = TokenBucket(self._limits.per_second, self._limits.burst_seconds)
        self._batches = TokenBucket(self._limits.alike_per_second or self._limits.per_second, 0.0)
        self._idle: deque[asyncio.Future[Ready | None]] = deque()  # who waits to be handed something to send
        self._is_through_for_good = False
        self._results: list[tuple[Message, Result]] = []
        self._under_way = 0
        self._blind_until = 0.0
        self._is_over = self._is_recording = False
        self.recorded = 0

    async def run(self, stop: asyncio.Event) -> None:
        """Send while this worker owns the lane, until told to stop, or until nothing may go out now."""
        self._loop = asyncio.get_running_loop()  # asked once: it asks the system for the process each time
        memory = await self._take_over(stop)
        if memory is not None:
            self._meter = await self._store.patiently(lambda: self._store.meter(self._limits))
            now = self._now()
            self._breaker = Breaker(memory, self._now)
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
        keeper = asyncio.create_task(self._keep())
        senders = (self._send_in_turn(stop) for _ in range(self._limits.in_flight))
        ended: list[BaseException | None] = []
        try:
            # Who hands out begins last: it finds who waits, and what they made the feed claim.
            ended = await asyncio.gather(*senders, self._hand_out(stop), return_exceptions=True)
        finally:
            keeper.cancel()
            await self._feed.fetched()
            self._put_back()
            await asyncio.gather(keeper, return_exceptions=True)
            self._is_over = True
            await recorder
            await self._record()
        if faults := [each for each in ended if each is not None]:
            raise faults[0]  # what was under way is recorded by now

    async def _send_in_turn(self, stop: asyncio.Event) -> None:
        """Send one request after the other: as many of these run as may be under way."""
        while (ready := await self._next(stop)) is not None:
            self._under_way += 1
            try:
                await self._send(ready)
            finally:
                self._under_way -= 1

    async def _next(self, stop: asyncio.Event) -> Ready | None:
        """Return what may go now, or wait to be handed something; None at the end."""
        if self._is_through_for_good or stop.is_set():
            return None
        if (ready := self._take()) is not None:
            return ready
        handed: asyncio.Future[Ready | None] = self._loop.create_future()
        self._idle.append(handed)
        return await handed

    async def _hand_out(self, stop: asyncio.Event) -> None:
        """Wait for what must be waited for, for all who are idle, and hand out what may go by then."""
        try:
            while not stop.is_set():
                while self._idle and (ready := self._take()) is not None:
                    self._idle.popleft().set_result(ready)
                if self._is_through():
                    break
                await self._wait(stop)
        finally:
            self._is_through_for_good = True
            for handed in self._idle:
                handed.set_result(None)

    def _take(self) -> Ready | None:
        """Take what is claimed and may go this moment."""
        is_probing, feed = self._breaker.is_probing, self._feed
        if self._must_wait() or (is_probing and self._under_way):
            return None
        if feed.is_low:
            feed.fill(1 if is_probing else None)
        while feed.ready and self._bucket.is_free:
            ready = feed.ready[0]
            if ready.batch_id and not self._batches.take():
                return None
            feed.ready.popleft()
            if ready.is_doubt or self._meter.is_idle or self._is_within_limits(ready):
                self._bucket.take()
                return ready
        return None

    def _is_within_limits(self, ready: Ready) -> bool:
        now = self._now()
        delays = [self._meter.take(message.address, now) for message, _ in ready.pairs]
        if not any(delays):
            return True
        for (message, _), delay in zip(ready.pairs, delays, strict=True):
            self._results.append((message, delay or Released()))
        return False

    def _is_through(self) -> bool:
        is_waiting = self._must_wait() or self._feed.is_dry
        return self._options.until_idle and is_waiting and not self._is_busy()

    def _is_busy(self) -> bool:
        return bool(self._under_way or self._results or self._is_recording)

    async def _wait(self, stop: asyncio.Event) -> None:
        if self._must_wait():
            self._put_back()
            await _sleep(stop, _LOOK_SECONDS)
        elif self._feed.ready and not (self._breaker.is_probing and self._under_way):
            await asyncio.sleep(max(_SHORTEST_WAIT, self._bucket.ahead()))
        elif self._feed.is_fetching:
            await self._feed.fetched()
            self._results.extend(self._feed.take_stopped())
        else:
            await _sleep(stop, _RECORD_SECONDS if self._is_busy() else _LOOK_SECONDS)

    def _must_wait(self) -> bool:
        now = time.monotonic()
        return now < self._breaker.open_until or now > self._store.owned_until or now < self._blind_until

    async def _send(self, ready: Ready) -> None:
        """Send one request; the last look at every message is taken right before the write."""
        objections: dict[str, Result] = {}

        def may_go() -> bool:
            for message, _ in ready.pairs:
                if (against := self._last_look(message, ready)) is not None:
                    objections[message.message_id] = against
            return not objections

        if wait := self._meter.domain_wait(ready.pairs[0][0].address):
            await asyncio.sleep(wait)
        answer = await self._telling.about(ready, self._hand_over(ready, may_go))
        self._feed.heard(ready)
        if objections:
            if not ready.is_doubt:
                self._results.extend((each, objections.get(each.message_id, Released())) for each, _ in ready.pairs)
            return
        if self._breaker.hear(answer):
            self._telling.paused()
            get_logger().warning("lane pauses", channel=self._sender.channel, reason=self._breaker.reason)
        self._take_answer(ready, answer)

    async def _hand_over(self, ready: Ready, may_go: Callable[[], bool]) -> Answer:
        try:
            if ready.batch_id is None or self._alike is None:
                return await self._sender.send(ready.pairs[0][1], may_go)
            return await self._alike.send_alike([each for _, each in ready.pairs], ready.batch_id, may_go)
        except Exception as error:  # noqa: BLE001 -- whatever it was, the message may have gone out
            get_logger().error("a sender broke its promise never to raise", error=repr(error))
            faults.report(error)
            return Unknown(f"a fault of ours while it was sent: {type(error).__name__}")

    def _take_answer(self, ready: Ready, answer: Answer) -> None:
        if ready.is_doubt and not settles_doubt(answer, is_batch=ready.batch_id is not None):
            return
        if ready.batch_id and isinstance(answer, Rejected) and answer.error_class == "permanent_request":
            self._feed.part(ready)  # one of them is at fault, nobody got it: each goes alone and hears for itself
            self._results.extend((message, Released()) for message, _ in ready.pairs)
            return
        for message, _ in ready.pairs:
            self._results.append((message, answer))

    def _last_look(self, message: Message, ready: Ready) -> Stopped | Released | None:
        try:
            against = self._gate.against(message, ready.mark)
        except TransientError as error:
            get_logger().error("nothing is sent", reason=str(error))
            self._blind_until = time.monotonic() + 1.0
            return Released()
        # asked after the look, which may itself have taken longer than the lease
        if against == HELD or self._must_wait() or time.monotonic() > ready.until:
            return Released()
        return None if against is None else Stopped(against, is_opt_out=True)

    def _put_back(self) -> None:
        self._results.extend(self._feed.take_stopped())
        for ready in self._feed.empty():
            self._results.extend((message, Released()) for message, _ in ready.pairs)

    async def _record_until_over(self) -> None:
        while not self._is_over:
            if len(self._results) < _RECORD_MOST:
                await asyncio.sleep(_RECORD_SECONDS)
            await self._record()

    async def _record(self) -> None:
        """Write down every answer there is. A store that is away is waited for: an answer is never dropped."""
        self._results.extend(self._feed.take_stopped())
        results, self._results = self._results, []
        if not results:
            return
        domains, self._meter.new_domains = self._meter.new_domains, {}
        self._meter.domains.update(domains)
        self._is_recording = True
        await self._store.patiently(lambda: self._store.write(results, domains, self._memory()))
        self._is_recording = False
        self.recorded += len(results)
        self._telling.recorded(results)
        if not all(isinstance(result, Accepted) for _, result in results):
            self._feed.look_again()  # some may be due at once

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
        if self._sender.knows_repeats:
            self._feed.ask_again(await self._store.once(self._store.doubts) or [])


async def _sleep(stop: asyncio.Event, seconds: float) -> None:
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), timeout=seconds)
