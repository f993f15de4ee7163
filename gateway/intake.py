"""Durable before 200: what many requests brought together is committed together; who finds no place comes later."""

import asyncio
import gc
import time
from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple

from core.errors import TransientError
from core.settings import Settings
from core.store.events import Event
from core.store.inbox import Raw, dedup_key
from gateway.answers import Answers
from gateway.writing import Taken, Writer, Written

_MOST_WAITING = 2000
_MOST_BYTES_WAITING = 64 * 1024 * 1024
_LONGEST_WAIT = 10.0  # seconds; after that a provider has given us up, or soon will
_LOOK_EVERY = 0.1
_COME_BACK_AFTER = 5.0
KEPT_HEADERS = ("content-type", "user-agent", "x-request-id")


class _Waiting(NamedTuple):
    """A request that waits for something to be written."""

    size: int
    since: float
    done: "asyncio.Future[bool]"


class Intake:
    """Numbers what is taken, sends it to the writer turn by turn, and answers when that has settled it."""

    def __init__(self, writer: Writer, settings: Settings) -> None:
        self._writer, self._answers = writer, Answers(settings)
        self._waiting: dict[int, _Waiting] = {}
        self._bytes_waiting = 0
        self._next = 0
        self._unsent: list[Taken] = []
        self._is_empty = asyncio.Event()
        self._looking: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Start writing. Call in the event loop that serves."""
        await self._writer.start(self._settle, self._lost)
        gc.freeze()  # what is loaded by now stays: looking through it at every collection costs 100 ms
        self._looking = asyncio.create_task(self._look_for_impatience())

    @property
    def is_running(self) -> bool:
        """Whether what is taken will be written."""
        return self._writer.is_running

    async def stop(self) -> None:
        """Write what waits, then end."""
        while self._waiting:
            self._is_empty.clear()
            await self._is_empty.wait()
        if self._looking is not None:
            self._looking.cancel()
        await self._writer.stop()
        await self._answers.close()

    def take(
        self, source: str, body: bytes, headers: Mapping[str, str], received_at: datetime
    ) -> "asyncio.Future[bool]":
        """Take a delivery. What is returned is done after it is committed: True when it was new.

        That, or the call itself, raises TransientError when the store is too slow or away: the sender should try again.
        """
        kept = {name: headers[name] for name in KEPT_HEADERS if name in headers}
        return self._wait(Raw(source, dedup_key(body), kept, body, received_at), len(body))

    def record(self, event: Event) -> "asyncio.Future[bool]":
        """Take an event of our own doors, as ``take`` does; it is committed with its effects."""
        return self._wait(event, 0)

    def _wait(self, taken: Taken, size: int) -> "asyncio.Future[bool]":
        if len(self._waiting) >= _MOST_WAITING or self._bytes_waiting + size > _MOST_BYTES_WAITING:
            raise TransientError("too much waits to be written", retry_after=_COME_BACK_AFTER)
        loop = asyncio.get_running_loop()
        if not self._unsent:
            loop.call_soon(self._send)
        self._unsent.append(taken)
        done = loop.create_future()
        self._waiting[self._next] = _Waiting(size, time.monotonic(), done)
        self._next += 1
        self._bytes_waiting += size
        return done

    def _send(self) -> None:
        unsent, self._unsent = self._unsent, []
        first = self._next - len(unsent)
        if not self._writer.send(first, unsent):
            self._settle(first, len(unsent), Written(error="the writing process is being started again"))

    def _settle(self, first: int, count: int, written: Written) -> None:
        for place, number in enumerate(range(first, first + count)):
            waiting = self._waiting.pop(number, None)
            if waiting is None:  # it was lost before
                continue
            self._bytes_waiting -= waiting.size
            if waiting.done.done():
                continue
            if written.error:
                waiting.done.set_exception(TransientError(written.error, retry_after=_COME_BACK_AFTER))
            else:
                waiting.done.set_result(written.is_new[place])
        self._answers.send(written.answers)
        if not self._waiting:
            self._is_empty.set()

    def _lost(self) -> None:
        for number in list(self._waiting):
            self._settle(number, 1, Written(error="the writing process died"))

    async def _look_for_impatience(self) -> None:
        while True:
            await asyncio.sleep(_LOOK_EVERY)
            latest = time.monotonic() - _LONGEST_WAIT
            for waiting in list(self._waiting.values()):
                if waiting.since > latest:
                    break  # they stand in order
                if not waiting.done.done():
                    waiting.done.set_exception(TransientError("the store is too slow", retry_after=_COME_BACK_AFTER))
