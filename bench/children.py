"""Children of a proof: forked, so that a kill and a new start cost milliseconds, with a time that the proof rules.

Time in a child is its own: ``ahead`` moves wall clock and monotonic clock together, as waiting does; ``wall_shift``
moves the wall clock alone, as somebody who sets it does; ``speed`` lets an hour pass in seconds, and only while a child
waits for nothing but time: a slow disk or a busy machine then costs it no more of its time than of ours.
"""

import asyncio
import math
import os
import selectors
import signal
import struct
import sys
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from mmap import mmap
from pathlib import Path
from types import FunctionType
from typing import Any

_REAL_MONOTONIC = time.monotonic
_ENDS = (signal.SIGTERM, signal.SIGINT)
_A_MOMENT = 5.0  # seconds of a child's time: short beside each lease
_LATE = 0.5  # by as much a child may wake too late: the system's shortest wait, a millisecond, is a third of it


class Time:
    """The time of a proof's children: set by the parent, seen by all of them at once."""

    def __init__(self, *, speed: float = 1.0) -> None:
        self._under_way, self._may_fly = 0, math.inf
        self._memory = mmap(-1, 24)
        self.speed = speed
        self._wall, self._monotonic = time.time(), _REAL_MONOTONIC()

    @property
    def ahead(self) -> float:
        """Seconds by which both clocks are ahead."""
        return float(struct.unpack_from("d", self._memory, 0)[0])

    @ahead.setter
    def ahead(self, seconds: float) -> None:
        struct.pack_into("d", self._memory, 0, seconds)

    @property
    def speed(self) -> float:
        """How many seconds pass in one of ours while a child waits for nothing but time."""
        return float(struct.unpack_from("d", self._memory, 16)[0])

    @speed.setter
    def speed(self, factor: float) -> None:
        struct.pack_into("d", self._memory, 16, factor)

    @property
    def wall_shift(self) -> float:
        """Seconds by which the wall clock alone was moved."""
        return float(struct.unpack_from("d", self._memory, 8)[0])

    @wall_shift.setter
    def wall_shift(self, seconds: float) -> None:
        struct.pack_into("d", self._memory, 8, seconds)

    def monotonic(self) -> float:
        """Return what ``time.monotonic`` says in a child."""
        return _REAL_MONOTONIC() + self.ahead

    def now(self) -> datetime:
        """Return what a child's clock says, in UTC."""
        return datetime.fromtimestamp(self._wall + self.monotonic() - self._monotonic + self.wall_shift, UTC)

    def run(self, work: Coroutine[Any, Any, Any]) -> None:
        """Run a coroutine in this child, by this time: its event loop and everything that asks ``time.monotonic``."""
        _rule(self.monotonic)
        with asyncio.Runner(loop_factory=lambda: _Loop(self)) as runner:
            runner.run(work)

    @contextmanager
    def stands(self, after: float = 0.0) -> Iterator[None]:
        """Let time pass as it does for us, once it has flown ``after`` seconds, since somebody else is waited for."""
        self._under_way, self._may_fly = self._under_way + 1, min(self._may_fly, after)
        try:
            yield
        finally:
            self._under_way -= 1
            if not self._under_way:
                self._may_fly = math.inf

    def wait(self, select: Callable[[float | None], Any], timeout: float | None) -> Any:
        """Wait in ``select`` for ``timeout`` seconds of a child's time."""
        if not timeout or self._may_fly <= 0 or self.speed == 1.0:
            return select(timeout)
        until, begun = min(timeout, self._may_fly), _REAL_MONOTONIC()
        found = select(until / self.speed)
        waited = _REAL_MONOTONIC() - begun
        flown = max(0.0, min(max(until, _LATE), waited * self.speed) - waited)
        self.ahead, self._may_fly = self.ahead + flown, self._may_fly - flown
        return found


def _rule(monotonic: Callable[[], float]) -> None:
    """Make ``monotonic`` this process's clock, also for the senders' functions that have it as a default argument."""
    time.monotonic = monotonic
    for function in _functions("senders."):
        given = function.__defaults__ or ()
        function.__defaults__ = tuple(monotonic if each is _REAL_MONOTONIC else each for each in given) or None


def _functions(package: str) -> Iterator[FunctionType]:
    """Yield the functions and methods of what is loaded; the garbage collector does not know those that are frozen."""
    for name, module in list(sys.modules.items()):
        if name.startswith(package):
            owners = [module, *(each for each in vars(module).values() if isinstance(each, type))]
            yield from (each for owner in owners for each in vars(owner).values() if isinstance(each, FunctionType))


class _Loop(asyncio.SelectorEventLoop):
    """Waits as much shorter as time runs faster."""

    def __init__(self, times: Time) -> None:
        super().__init__(_Selector(times))
        self._times = times

    def run_in_executor(self, executor: Any, func: Callable[..., Any], *args: Any) -> asyncio.Future[Any]:  # type: ignore[override]  # *args of any types
        """Run in a thread; however long the disk takes, it costs little of the child's time."""
        stands = ExitStack()
        stands.enter_context(self._times.stands(after=_A_MOMENT))
        future = super().run_in_executor(executor, func, *args)
        future.add_done_callback(lambda _done: stands.close())
        return future


class _Selector(selectors.EpollSelector):
    def __init__(self, times: Time) -> None:
        super().__init__()
        self._times = times

    def select(self, timeout: float | None = None) -> Any:
        return self._times.wait(super().select, timeout)


def fork(work: Callable[[], None], log: Path | None = None) -> int:
    """Run ``work`` in a child and return its process id; what it prints goes to ``log`` or nowhere.

    Until ``work`` says otherwise a signal ends it, whatever this process does at one.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _ENDS)
    pid = os.fork()
    if not pid:
        signal.set_wakeup_fd(-1)
        for each in _ENDS:
            signal.signal(each, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, before)
    if pid:
        return pid
    out = os.open(log or os.devnull, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    os.dup2(out, 1)
    os.dup2(out, 2)
    sys.stdout = sys.stderr = os.fdopen(1, "w", buffering=1)  # under pytest they are something else
    status = 1
    try:
        work()
        status = 0
    finally:
        os._exit(status)


def until_terminated(work: Callable[[asyncio.Event], Coroutine[Any, Any, Any]]) -> Coroutine[Any, Any, Any]:
    """Give a coroutine an event that SIGTERM sets, as the product's commands do."""

    async def run() -> None:
        stop = asyncio.Event()
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
        await work(stop)

    return run()


def kill(pid: int) -> None:
    """End a child as a power cut does."""
    os.kill(pid, signal.SIGKILL)
    join(pid)


def stop(pid: int) -> None:
    """Ask a child to end, and wait."""
    os.kill(pid, signal.SIGTERM)
    join(pid)


def join(pid: int) -> None:
    """Wait for a child's end."""
    os.waitpid(pid, 0)


def has_ended(pid: int) -> bool:
    """Whether a child is over; it can still be joined."""
    return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
