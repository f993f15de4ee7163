"""Durable before 200: one writer thread commits what many requests brought together; who finds no place comes later."""

import asyncio
import hashlib
import queue
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from core.clock import utc_now
from core.errors import TransientError
from core.logs import get_logger
from core.settings import Settings
from core.store.events import Event
from core.store.inbox import Raw
from gateway.applying import Known, keep, translator

_MOST_WAITING = 2000
_MOST_BYTES_WAITING = 64 * 1024 * 1024
_MOST_TOGETHER = 200
_MOST_BYTES_TOGETHER = 4 * 1024 * 1024
_LONGEST_WAIT = 10.0  # seconds; after that a provider has given us up, or soon will
_COME_BACK_AFTER = 5.0
_KEPT_HEADERS = ("content-type", "user-agent", "x-request-id")


@dataclass
class _Waiting:
    """Something to write, and the request that waits for it."""

    known: Known
    size: int
    done: "asyncio.Future[bool]"


class Intake:
    """The writer thread and its queue."""

    def __init__(self, engine: sa.Engine, settings: Settings, *, clock: Callable[[], datetime] = utc_now) -> None:
        self._engine, self._clock = engine, clock
        self._translate = translator(settings)
        self._queue: queue.SimpleQueue[_Waiting | None] = queue.SimpleQueue()
        self._bytes_waiting = 0  # of the event loop's thread alone, as are the futures
        self._count_waiting = 0
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread = threading.Thread(target=self._write_until_stopped, name="intake", daemon=True)

    def start(self) -> None:
        """Start the writer. Call in the event loop that serves."""
        self._loop = asyncio.get_running_loop()
        self._thread.start()

    async def stop(self) -> None:
        """Write what waits, then end."""
        self._queue.put(None)
        await asyncio.to_thread(self._thread.join)

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
        if self._count_waiting >= _MOST_WAITING or self._bytes_waiting + size > _MOST_BYTES_WAITING:
            raise TransientError("too much waits to be written", retry_after=_COME_BACK_AFTER)
        loop = asyncio.get_running_loop()
        waiting = _Waiting(known, size, loop.create_future())
        self._count_waiting += 1
        self._bytes_waiting += size
        self._queue.put(waiting)
        impatience = loop.call_later(_LONGEST_WAIT, _settle, waiting.done, False, _too_slow())  # noqa: FBT003
        try:
            return await waiting.done
        finally:
            impatience.cancel()

    def _write_until_stopped(self) -> None:
        while (first := self._queue.get()) is not None:
            together, size = [first], first.size
            while len(together) < _MOST_TOGETHER and size < _MOST_BYTES_TOGETHER:
                try:
                    following = self._queue.get_nowait()
                except queue.Empty:
                    break
                if following is None:
                    self._queue.put(None)
                    break
                together.append(following)
                size += following.size
            self._tell(together, self._write(together))

    def _write(self, together: list[_Waiting]) -> Exception | None:
        try:
            with self._engine.begin() as connection:
                keep(connection, [each.known for each in together], self._translate, self._clock())
        except SQLAlchemyError as error:
            get_logger().error("store does not take deliveries", error=str(error))
            return TransientError("the store does not answer", retry_after=_COME_BACK_AFTER)
        except Exception as error:  # noqa: BLE001 -- the writer must live: without it nothing is taken any more
            get_logger().error("a fault of ours", error=type(error).__name__, where="intake")
            return TransientError("a fault of ours: nothing of it was kept", retry_after=_COME_BACK_AFTER)
        return None

    def _tell(self, together: list[_Waiting], error: Exception | None) -> None:
        """Wake the requests that wait, all of them by one call into their loop."""

        def wake() -> None:
            self._count_waiting -= len(together)
            self._bytes_waiting -= sum(each.size for each in together)
            for each in together:
                _settle(each.done, each.known.is_new, error)

        assert self._loop is not None  # noqa: S101 -- set before the thread starts
        self._loop.call_soon_threadsafe(wake)


def _too_slow() -> TransientError:
    return TransientError("the store is too slow", retry_after=_COME_BACK_AFTER)


def _settle(future: "asyncio.Future[bool]", is_new: bool, error: Exception | None) -> None:  # noqa: FBT001
    if future.done():
        return
    if error is None:
        future.set_result(is_new)
    else:
        future.set_exception(error)
