"""What a lane tells operators: how long its provider takes, what came of messages, where they are in their traces."""

import time
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from core import traces
from core.metrics import meters
from core.store.ledger import Message
from senders.ready import Ready
from senders.settle import Result


@contextmanager
def request_told(channel: str, ready: Ready) -> Iterator[dict[str, Any]]:
    """Tell about one request while it is under way; what is put into the mapping goes into its span.

    The span lies in the trace of the first message, and links the others' and the run that sends.
    """
    began = time.monotonic()
    try:
        if not traces.is_on():
            yield {}
            return
        messages = [message for message, _ in ready.pairs]
        parents = [*(message.traceparent for message in messages), traces.current_parent()]
        about = {"message_id": messages[0].message_id, "campaign_id": messages[0].campaign_id}
        with traces.span("send", parents=parents, channel=str(channel), messages=len(messages), **about) as found:
            yield found
    finally:
        meters().send_seconds.labels(str(channel)).observe(time.monotonic() - began)


def tell_results(channel: str, results: Iterable[tuple[Message, Result]]) -> None:
    """Count what came of messages, by the kind of answer."""
    for kind, number in Counter(type(result).__name__ for _, result in results).items():
        meters().sends.labels(str(channel), kind.lower()).inc(number)
