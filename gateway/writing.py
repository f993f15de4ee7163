"""What was taken in is written by groups: one transaction each, and whatever breaks it, the writer lives."""

import asyncio
import queue
import threading
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, NamedTuple, Protocol

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError, OperationalError, SQLAlchemyError

from core import faults
from core.logs import get_logger
from core.settings import Settings
from core.store.events import Event
from core.store.inbox import Raw
from gateway.answers import Answer
from gateway.applying import Known, Translate, keep, translator

MOST_TOGETHER = 200
MOST_BYTES_TOGETHER = 4 * 1024 * 1024
Taken = Raw | Event  # a delivery as it came, or an event of our own doors


class Written(NamedTuple):
    """What became of a group: of each whether it was new, and what is owed to whom; or why nothing was kept."""

    is_new: Sequence[bool] = ()
    answers: Sequence[Answer] = ()
    error: str = ""


Settle = Callable[[int, int, Written], None]  # the first one's number, how many they are, what became of them


Sync = Callable[[sa.Connection], None]  # makes durable what was committed without that


class Writer(Protocol):
    """Writes what it is sent, and settles it, group by group, in the event loop that sent it."""

    @property
    def is_running(self) -> bool:
        """Whether what is sent will be written."""

    async def start(self, settle: Settle, lost: Callable[[], None]) -> None:
        """Be ready to write. ``lost`` is called when all that was sent and is not settled is lost."""

    def send(self, first: int, group: Sequence[Taken]) -> bool:
        """Take what is numbered from ``first`` on; False when nobody is there to write it."""

    async def stop(self) -> None:
        """End. Call when all that was sent is settled."""


class Begun:
    """A group in an open transaction, or the reason why there is none."""

    def __init__(
        self, group: Sequence[Known], connection: sa.Connection | None, error: str = "", sync: Sync | None = None
    ) -> None:
        self._group, self._connection, self._error, self._sync = group, connection, error, sync

    def commit(self) -> Written:
        """Make it durable; what is said of it holds from now on."""
        if self._connection is None:
            return Written(error=self._error)
        try:
            if self._sync is None:
                self._connection.commit()
            else:
                self._sync(self._connection)
        except SQLAlchemyError as error:
            self._connection.close()
            return Written(error=_away(error))
        except OSError as error:
            return Written(error=_away(error))
        return Written(
            [each.is_new for each in self._group], [answer for each in self._group for answer in each.answers]
        )


class Groups:
    """Writes group after group over one connection: taking one anew for each costs PostgreSQL as much as a statement.

    With ``sync`` a group is committed at once, and made durable by ``commit`` alone.
    """

    def __init__(
        self, engine: sa.Engine, translate: Translate, clock: Callable[[], datetime], sync: Sync | None = None
    ) -> None:
        self._engine, self._translate, self._clock, self._sync = engine, translate, clock, sync
        self._connection: sa.Connection | None = None

    def begin(self, taken: Sequence[Taken]) -> Begun:
        """Write a group, up to the commit. When one of it breaks that, each is written by itself."""
        try:
            try:
                return self._begin(taken, is_careful=False)
            except OperationalError:
                raise  # the store is away: nobody's fault here
            except (DBAPIError, ValueError):
                return self._begin(taken, is_careful=True)
        except SQLAlchemyError as error:
            return Begun((), None, _away(error))
        except Exception as error:  # noqa: BLE001 -- the writer must live: without it nothing is taken any more
            get_logger().error("a fault of ours", where="intake", exc_info=error)
            faults.report(error)
            return Begun((), None, "a fault of ours: nothing of it was kept")

    def close(self) -> None:
        """Give the connection back."""
        if self._connection is not None:
            self._connection.close()

    def _begin(self, taken: Sequence[Taken], *, is_careful: bool) -> Begun:
        group = [Known(each) if isinstance(each, Raw) else Known(None, [each]) for each in taken]
        if self._connection is None or self._connection.closed or self._connection.invalidated:
            self.close()
            self._connection = self._engine.connect()
        try:
            self._connection.begin()
            keep(self._connection, group, self._translate, self._clock(), is_careful=is_careful)
            if self._sync is not None:
                self._connection.commit()
        except BaseException:
            self._connection.close()
            raise
        return Begun(group, self._connection, sync=self._sync)


def _away(error: Exception) -> str:
    get_logger().error("store does not take deliveries", error=str(error))
    return "the store does not answer"


class WritingThread:
    """Writes by a thread of this process, for tests and for time that is not the machine's."""

    def __init__(self, engine: sa.Engine, settings: Settings, clock: Callable[[], datetime]) -> None:
        self._groups = Groups(engine, translator(settings), clock)
        self._sent: queue.SimpleQueue[tuple[int, Taken] | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None

    @property
    def is_running(self) -> bool:
        """Whether the thread lives."""
        return self._thread is not None and self._thread.is_alive()

    async def start(self, settle: Settle, lost: Callable[[], None]) -> None:  # noqa: ARG002 -- it dies with us only
        """Start the thread."""
        loop = asyncio.get_running_loop()

        def tell(*written: Any) -> None:
            loop.call_soon_threadsafe(settle, *written)

        self._thread = threading.Thread(target=self._work, args=(tell,), name="intake", daemon=True)
        self._thread.start()

    def send(self, first: int, group: Sequence[Taken]) -> bool:
        """Give it to the thread."""
        for number, taken in enumerate(group, first):
            self._sent.put((number, taken))
        return self.is_running

    async def stop(self) -> None:
        """End the thread."""
        self._sent.put(None)
        if self._thread is not None:
            await asyncio.to_thread(self._thread.join)
        self._groups.close()

    def _work(self, tell: Settle) -> None:
        while (found := self._sent.get()) is not None:
            first, taken = found
            group = [taken]
            while len(group) < MOST_TOGETHER and not self._sent.empty() and (more := self._sent.get()) is not None:
                group.append(more[1])
            tell(first, len(group), self._groups.begin(group).commit())
