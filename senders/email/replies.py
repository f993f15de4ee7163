"""What a mail server says: bytes cut into replies, and what a refusal means."""

import re
from functools import lru_cache
from typing import NamedTuple

from core.vocabulary import Channel, ErrorClass
from senders.contract import Rejected
from senders.errors import classify

NONSENSE = 0
CLOSING = 421
OUT_OF_ORDER = 503
_LONGEST = 32 * 1024  # of one reply, in bytes; the longest real one, to EHLO, has a few kB
_SHOWN = 200  # characters of what cannot be read
_ENHANCED = re.compile(r"\b([245]\.\d{1,3}\.\d{1,3})\b")


class Reply(NamedTuple):
    """One reply: its code, NONSENSE when it has none, and the text of its lines."""

    code: int
    said: bytes

    @property
    def text(self) -> str:
        """The words, for people and for the ids in them."""
        return self.said.decode("utf-8", "replace")

    @property
    def is_refusal(self) -> bool:
        """Whether it says that nothing was taken."""
        return 400 <= self.code < 600


@lru_cache(maxsize=500)
def _read(line: bytes) -> tuple[Reply, bool]:
    """Read one line and whether more lines follow; servers say few different things, so what was read is kept."""
    if line[:3].isdigit() and line[3:4] in b" -\r":
        return Reply(int(line[:3]), line[4:].rstrip()), line[3:4] == b"-"
    return Reply(NONSENSE, line[:_SHOWN]), False


class Replies:
    """Cuts what arrives, in whatever pieces, into replies."""

    def __init__(self) -> None:
        self._rest = b""
        self._code = NONSENSE
        self._lines: list[bytes] = []

    @property
    def is_between(self) -> bool:
        """Whether nothing of a further reply has arrived."""
        return not self._rest and not self._lines

    def feed(self, data: bytes) -> list[Reply]:
        """Return the replies that are whole by now. What cannot be read, or does not end, is NONSENSE."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        found = []
        for line in lines:
            reply, goes_on = _read(line)
            if self._lines and reply.code != self._code:
                reply, goes_on = Reply(NONSENSE, line[:_SHOWN]), False
            if goes_on or self._lines:
                self._code = reply.code
                self._lines.append(reply.said)
                if goes_on:
                    continue
                reply = Reply(reply.code, b"\n".join(self._lines))
                self._lines = []
            found.append(reply)
        if len(self._rest) + sum(map(len, self._lines)) > _LONGEST:
            found.append(Reply(NONSENSE, b"a reply without an end"))
            self._rest, self._lines = b"", []
        return found


def provider_id(reply: Reply) -> str | None:
    """Return the id under which the server queued a message: the last word of its reply."""
    words = reply.text.split()
    return words[-1] if words else None


def refused(reply: Reply) -> Rejected:
    """Return what a 4xx or 5xx reply means; the enhanced code says more than the reply's own."""
    text = reply.text.replace("\n", " ")
    found = _ENHANCED.search(text)
    code = found[1] if found else str(reply.code)
    if reply.code == OUT_OF_ORDER:  # about the conversation, not about the message
        error_class, meaning = ErrorClass.TRANSIENT, "the mail server is out of step with us"
    elif found:
        error_class, meaning = classify(Channel.EMAIL, code)
    else:
        error_class = ErrorClass.TRANSIENT if reply.code < 500 else ErrorClass.PERMANENT_REQUEST
        meaning = "the mail server refused it"
    if reply.code < 500 and error_class not in {ErrorClass.THROTTLED, ErrorClass.RECIPIENT_THROTTLED}:
        error_class = ErrorClass.TRANSIENT  # a 4xx reply always means: later
    return Rejected(str(error_class), code, f"{meaning}: {text[:200]}")
