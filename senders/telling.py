"""What a lane tells operators: how long its provider takes, what came of messages, where they are in their traces."""

import time
from collections import Counter
from collections.abc import Awaitable, Iterable

from core import traces
from core.logs import get_logger
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
        self._slowest = 0.0

    async def about(self, ready: Ready, request: Awaitable[Answer]) -> Answer:
        """Return what a request is answered with, and tell about it."""
        began = time.monotonic()
        answer = await (self._traced(ready, request) if traces.is_on() else request)
        now = time.monotonic()
        self._slowest = max(self._slowest, now - began)
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
        """Count what came of messages by the kind of answer, and write one line into the log for all of them."""
        told = list(results)
        counts = Counter(type(result).__name__.lower() for _, result in told)
        for kind, number in counts.items():
            meters().sends.labels(self._channel, kind).inc(number)
        parents = [message.traceparent for message, _ in told if message.traceparent]
        get_logger().info(
            "messages handed over",
            action="send",
            channel=self._channel,
            duration_ms=round(self._slowest * 1000),  # of the slowest answer among them
            trace_id=traces.id_of(parents[0]) if parents else None,
            **counts,
        )
        self._slowest = 0.0
