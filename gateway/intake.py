"""Durable before 200: one writer thread commits what many requests brought together; who finds no place comes later."""

import asyncio
import gc
import hashlib
from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from core import faults
from core.clock import utc_now
from core.errors import TransientError
from core.logs import get_logger
from core.settings import Settings
from core.store.events import Event
from core.store.inbox import Raw
from gateway.answers import Answers
from gateway.applying import Known, keep, translator

_MOST_WAITING = 2000
_MOST_BYTES_WAITING = 64 * 1024 * 1024
_MOST_TOGETHER = 200
_MOST_BYTES_TOGETHER = 4 * 1024 * 1024
_LONGEST_WAIT = 10.0  # seconds; after that a provider has given us up, or soon will
_COME_BACK_AFTER = 5.0
# Requests that come within a thousandth of a second share a commit, whose fsync costs several.
_GATHER = 0.001
_KEPT_HEADERS = ("content-type", "user-agent", "x-request-id")


@dataclass
class _Waiting:
    """Something to write, and the request that waits for it."""

    known: Known
    size: int
    done: "asyncio.Future[bool]"


class Intake:
    """Gathers what waits, and has it written by one thread; all else happens in the event loop that serves."""

    def __init__(self, engine: sa.Engine, settings: Settings, *, clock: Callable[[], datetime] = utc_now) -> None:
        self._engine, self._clock = engine, clock
        self._translate, self._answers = translator(settings), Answers(settings)
        self._waiting: deque[_Waiting] = deque()
        self._bytes_waiting = 0
        self._in_hand = 0
        self._is_wanted = asyncio.Event()
        self._is_stopping = False
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="intake")
        self._work: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Start writing. Call in the event loop that serves."""
        gc.freeze()  # what is loaded by now stays: looking through it at every collection costs 100 ms
        self._work = asyncio.get_running_loop().create_task(self._write_until_stopped())

    @property
    def is_running(self) -> bool:
        """Whether what is taken will be written."""
        return self._work is not None and not self._work.done()

    async def stop(self) -> None:
        """Write what waits, then end."""
        self._is_stopping = True
        self._is_wanted.set()
        if self._work is not None:
            await self._work
        self._writer.shutdown()
        await self._answers.close()

    async def take(self, source: str, body: bytes, headers: Mapping[str, str], received_at: datetime) -> bool:
        """Return after the delivery is committed: True when it was new.

        Raises TransientError when the store is too slow or away: the sender should try again.
        """
        kept = {name: headers[name] for name in _KEPT_HEADERS if name in headers}
        return await self._wait(
            Known(Raw(source, hashlib.sha256(body).hexdigest(), kept, body, received_at)), len(body)
        )

    async def record(self, event: Event) -> bool:
        """Return after an event of our own doors is committed with its effects: True when it was new.

        Raises TransientError as ``take`` does.
        """
        return await self._wait(Known(None, [event]), 0)

    async def _wait(self, known: Known, size: int) -> bool:
        if len(self._waiting) + self._in_hand >= _MOST_WAITING or self._bytes_waiting + size > _MOST_BYTES_WAITING:
            raise TransientError("too much waits to be written", retry_after=_COME_BACK_AFTER)
        loop = asyncio.get_running_loop()
        waiting = _Waiting(known, size, loop.create_future())
        self._waiting.append(waiting)
        self._bytes_waiting += size
        self._is_wanted.set()
        impatience = loop.call_later(_LONGEST_WAIT, _settle, waiting, _too_slow())
        try:
            return await waiting.done
        finally:
            impatience.cancel()

    async def _write_until_stopped(self) -> None:
        loop = asyncio.get_running_loop()
        while self._waiting or not self._is_stopping:
            if not self._waiting:
                self._is_wanted.clear()
                await self._is_wanted.wait()
                continue
            await asyncio.sleep(_GATHER)
            together = self._gather()
            error = await loop.run_in_executor(self._writer, self._write, together)
            self._in_hand = 0
            self._bytes_waiting -= sum(each.size for each in together)
            for each in together:
                _settle(each, error)
                if error is None and each.known.answers:
                    self._answers.send(each.known.answers)

    def _gather(self) -> list[_Waiting]:
        together: list[_Waiting] = []
        size = 0
        while self._waiting and len(together) < _MOST_TOGETHER and size < _MOST_BYTES_TOGETHER:
            together.append(self._waiting.popleft())
            size += together[-1].size
        self._in_hand = len(together)
        return together

    def _write(self, together: list[_Waiting]) -> Exception | None:
        try:
            with self._engine.begin() as connection:
                keep(connection, [each.known for each in together], self._translate, self._clock())
        except SQLAlchemyError as error:
            get_logger().error("store does not take deliveries", error=str(error))
            return TransientError("the store does not answer", retry_after=_COME_BACK_AFTER)
        except Exception as error:  # noqa: BLE001 -- the writer must live: without it nothing is taken any more
            get_logger().error("a fault of ours", where="intake", exc_info=error)
            faults.report(error)
            return TransientError("a fault of ours: nothing of it was kept", retry_after=_COME_BACK_AFTER)
        return None


def _too_slow() -> TransientError:
    return TransientError("the store is too slow", retry_after=_COME_BACK_AFTER)


def _settle(waiting: _Waiting, error: Exception | None) -> None:
    if waiting.done.done():
        return
    if error is None:
        waiting.done.set_result(waiting.known.is_new)
    else:
        waiting.done.set_exception(error)
