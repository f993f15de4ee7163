"""What a lane tells operators: how long its provider takes, what came of messages, where they are in their traces."""

import time
from collections import Counter
from collections.abc import Awaitable, Iterable

from core import traces
from core.metrics import meters
from core.store.ledger import Message
from senders.contract import Answer
from senders.ready import Ready
from senders.settle import Result

_SAMPLE_SECONDS = 0.02  # one request in this time is measured: all of them would cost a tenth of what sending costs


class Telling:
    """One lane's numbers and spans."""

    def __init__(self, channel: str) -> None:
        self._channel = str(channel)
        self._seconds = meters().send_seconds.labels(self._channel)
        self._next_sample = 0.0

    async def about(self, ready: Ready, request: Awaitable[Answer]) -> Answer:
        """Return what a request is answered with, and tell about it."""
        began = time.monotonic()
        answer = await (self._traced(ready, request) if traces.is_on() else request)
        now = time.monotonic()
        if now >= self._next_sample:
            self._next_sample = now + _SAMPLE_SECONDS
            self._seconds.observe(now - began)
        return answer

    async def _traced(self, ready: Ready, request: Awaitable[Answer]) -> Answer:
        """Open a span in the trace of the request's first message; it links the others' and the run that sends."""
        messages = [message for message, _ in ready.pairs]
        parents = [*(message.traceparent for message in messages), traces.current_parent()]
        about = {"message_id": messages[0].message_id, "campaign_id": messages[0].campaign_id}
        with traces.span("send", parents=parents, channel=self._channel, messages=len(messages), **about) as found:
            answer = await request
            found["result"] = type(answer).__name__.lower()
        return answer

    def paused(self) -> None:
        """Count that the lane stopped for its provider."""
        meters().lane_pauses.labels(self._channel).inc()

    def recorded(self, results: Iterable[tuple[Message, Result]]) -> None:
        """Count what came of messages, by the kind of answer."""
        for kind, number in Counter(type(result).__name__ for _, result in results).items():
            meters().sends.labels(self._channel, kind.lower()).inc(number)
