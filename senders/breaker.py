"""The circuit breaker of a lane: when to wait for a provider that throttles or does not answer, and why."""

import random
import time
from collections.abc import Callable
from datetime import datetime, timedelta

from core.store.lanes import LaneMemory
from core.vocabulary import ErrorClass
from senders.contract import Accepted, Answer, NotSent, Rejected, Unknown

_OPENS_AFTER = 5  # failures in a row
_FIRST_PAUSE = 2.0
_LONGEST_PAUSE = 300.0
_LONGEST_ASKED = 3600.0  # longer than that nobody means; a clock set back looks like it


class Breaker:
    """Closed while answers come; open for a while after failures; half-open with one message as a probe.

    Pauses are measured by the monotonic clock; ``paused_until`` (UTC) is for the store and for people.
    """

    def __init__(
        self, memory: LaneMemory, clock: Callable[[], datetime], monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._now, self._monotonic = clock, monotonic
        self.open_until = 0.0  # by the monotonic clock
        self._throttles = 0
        self.failures = memory.failures
        self.paused_until: datetime | None = None
        self.reason: str | None = None
        if memory.paused_until is not None and (left := (memory.paused_until - clock()).total_seconds()) > 0:
            self._pause(left, memory.pause_reason or "")

    @property
    def is_probing(self) -> bool:
        """Whether one message alone should try whether the provider answers again."""
        return self.failures >= _OPENS_AFTER

    def pause_left(self) -> float:
        """Return the seconds to wait."""
        return max(0.0, self.open_until - self._monotonic())

    def hear(self, answer: Answer) -> bool:
        """Take an answer into account; True when the lane must pause from now on."""
        if isinstance(answer, Accepted):
            self.failures = self._throttles = 0
            return False
        if isinstance(answer, NotSent | Unknown) or (
            isinstance(answer, Rejected) and answer.error_class == ErrorClass.TRANSIENT
        ):
            if self._monotonic() < self.open_until:
                return False  # it was under way when the pause began: one outage is not many
            self.failures += 1
            if self.failures < _OPENS_AFTER:
                return False
            seconds = min(_LONGEST_PAUSE, _FIRST_PAUSE * 2.0 ** min(20, self.failures - _OPENS_AFTER))
            self._pause(seconds * random.uniform(0.8, 1.2), f"the provider does not answer: {answer.reason}")  # noqa: S311 -- jitter
            return True
        self.failures = 0
        if isinstance(answer, Rejected) and answer.error_class == ErrorClass.THROTTLED:
            self._throttles += 1
            seconds = answer.retry_after or min(60.0, 2.0 ** min(6, self._throttles)) * random.uniform(0.8, 1.2)  # noqa: S311 -- jitter
            self._pause(seconds, f"the provider asked us to slow down: {answer.reason}")
            return True
        self._throttles = 0
        return False

    def _pause(self, seconds: float, reason: str) -> None:
        seconds = min(seconds, _LONGEST_ASKED)
        if self._monotonic() + seconds > self.open_until:
            self.open_until = self._monotonic() + seconds
            self.paused_until, self.reason = self._now() + timedelta(seconds=seconds), reason
