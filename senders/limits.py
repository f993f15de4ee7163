"""The provider's rate: a token bucket per lane."""

import asyncio
import time
from collections.abc import Callable


class TokenBucket:
    """Lets ``rate`` messages a second pass, with a burst of at most a fifth of a second."""

    def __init__(self, rate: float, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._rate = rate
        self._monotonic = monotonic
        self._next_at = 0.0

    def wait_seconds(self) -> float:
        """Take the next place and return how long to wait for it."""
        now = self._monotonic()
        self._next_at = max(self._next_at, now - 0.2) + 1 / self._rate
        return max(0.0, self._next_at - now)

    async def take(self) -> None:
        """Wait for the next place."""
        if seconds := self.wait_seconds():
            await asyncio.sleep(seconds)
