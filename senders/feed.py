"""What a lane sends next: claimed a little ahead, so that claiming and rendering overlap with sending."""

import asyncio
import time
from collections import deque
from collections.abc import Iterable, Iterator

from core.store.ledger import Message
from senders.lane_store import LaneStore
from senders.limits import Limits
from senders.ready import Ready
from senders.settle import Stopped

_CLAIM_SECONDS = 0.1  # twice that much may be claimed and not sent
_CLAIM_MOST = 500
_LOOK_SECONDS = 0.25  # how soon news of the outbox is seen


class Feed:
    """Keeps a few requests ready, and what must not go out for the lane to record."""

    def __init__(self, store: LaneStore, limits: Limits, most_alike: int) -> None:
        self._store, self._most_alike = store, most_alike
        self._usual = max(1, min(_CLAIM_MOST, round(limits.per_second * _CLAIM_SECONDS)))
        self._claim = self._usual  # more only while the words are the same for all
        self.ready: deque[Ready] = deque()
        self._stopped: list[tuple[Message, Stopped]] = []
        self._fetching: asyncio.Task[None] | None = None
        self._dry_until = 0.0
        self._alone: set[str] = set()  # messages whose batch was refused
        self._asked: set[str] = set()  # messages in doubt that are ready or under way

    @property
    def is_fetching(self) -> bool:
        """Whether a claim is under way."""
        return self._fetching is not None

    @property
    def is_dry(self) -> bool:
        """Whether nothing is ready and the outbox had nothing a moment ago."""
        return not self.ready and self._fetching is None and time.monotonic() < self._dry_until

    @property
    def is_low(self) -> bool:
        """Whether it is time to claim more."""
        return len(self.ready) <= self._claim // 2

    def fill(self, limit: int | None) -> None:
        """Begin to claim (at most ``limit``) when what is ready runs low."""
        if self._fetching is not None:
            if not self._fetching.done():
                return
            self._fetching = None
        if self.is_low and (limit is None or not self.ready) and time.monotonic() >= self._dry_until:
            self._fetching = asyncio.create_task(self._fetch(limit or self._claim))

    async def _fetch(self, limit: int) -> None:
        claimed = await self._store.once(lambda: self._store.claim(limit, self._most_alike, self._alone))
        requests, stopped = claimed or ([], [])
        if not requests and not stopped:
            self._dry_until = time.monotonic() + _LOOK_SECONDS
        self.ready.extend(requests)
        self._stopped.extend(stopped)
        is_one_batch = len(requests) == 1 and requests[0].batch_id is not None
        self._claim = min(self._most_alike, self._claim * 4) if is_one_batch else self._usual

    async def fetched(self) -> None:
        """Wait for the claim that is under way."""
        if self._fetching is not None:
            fetching, self._fetching = self._fetching, None
            await fetching

    def look_again(self) -> None:
        """Forget that the outbox had nothing."""
        self._dry_until = 0.0

    def take_stopped(self) -> list[tuple[Message, Stopped]]:
        """Hand over what was claimed and must not go out."""
        stopped, self._stopped = self._stopped, []
        return stopped

    def ask_again(self, doubts: Iterable[Ready]) -> None:
        """Put requests in doubt first, the oldest before all, unless they are being asked about already."""
        new = []
        for ready in doubts:
            keys = {message.message_id for message, _ in ready.pairs}
            if not keys & self._asked:
                self._asked |= keys
                new.append(ready)
        self.ready.extendleft(reversed(new))

    def heard(self, ready: Ready) -> None:
        """Note that an answer came."""
        if ready.is_doubt:
            self._asked.difference_update(message.message_id for message, _ in ready.pairs)

    def part(self, batch: Ready) -> None:
        """Let the messages of a refused batch go out one by one."""
        self._alone.update(message.message_id for message, _ in batch.pairs)

    def empty(self) -> Iterator[Ready]:
        """Give back what is claimed and not begun; what is in doubt stays so."""
        while self.ready:
            ready = self.ready.popleft()
            self.heard(ready)
            if not ready.is_doubt:
                yield ready
