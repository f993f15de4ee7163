"""One HTTP/1.1 connection: a request goes out whole in one write, its answer comes back before the next one goes.

The parser is httptools (Node's). Whatever does not fit that order ends the connection, so that an answer is never
taken for the next request's.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

import httptools

_LONGEST_ANSWER = 1 << 20  # bytes; a provider's answer has some hundred


class NoAnswerError(Exception):
    """The request may have reached the server, but no whole answer came back."""


@dataclass(slots=True)  # not frozen: that alone would take 1 µs a message
class Response:
    """Status, headers as they came, and body of an answer."""

    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes

    def header(self, name: str) -> str:
        """Return a header's value, "" without one; ``name`` in lower case."""
        wanted = name.encode()
        return next((value.decode("latin-1") for key, value in self.headers if key.lower() == wanted), "")


class HttpWire(asyncio.Protocol):
    """A connection to one server. ``rests`` is told whenever it can take a request; ``ended`` when it is over."""

    def __init__(self, rests: Callable[["HttpWire"], None], ended: Callable[["HttpWire"], None]) -> None:
        self._rests, self._ended = rests, ended
        self._loop = asyncio.get_running_loop()
        self._parser = httptools.HttpResponseParser(self)
        self._answer: asyncio.Future[Response] | None = None
        self._headers: list[tuple[bytes, bytes]] = []
        self._body: list[bytes] = []
        self._heard = 0
        self._has_head = self._has_length = False
        self.since = self._loop.time()  # when the last request went out, or its answer came

    @property
    def is_busy(self) -> bool:
        """Whether an answer is awaited."""
        return self._answer is not None

    @property
    def is_usable(self) -> bool:
        """Whether a request may be written now."""
        return self._answer is None and not self._transport.is_closing()

    def ask(self, request: bytes) -> asyncio.Future[Response]:
        """Write a request, and return where its answer, or a NoAnswerError, will be."""
        self._headers, self._body = [], []
        self._heard, self._has_head, self._has_length = 0, False, False
        self.since = self._loop.time()
        self._answer = answer = self._loop.create_future()
        self._transport.write(request)
        return answer

    def end(self, reason: str) -> None:
        """Break off: a request that awaits its answer is in doubt."""
        self._transport.abort()
        answer, self._answer = self._answer, None
        if answer is not None and not answer.done():
            answer.set_exception(NoAnswerError(reason))

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Hear an answer, or a piece of one."""
        if self._answer is None:
            self.end("the server said something nobody asked")
            return
        self._heard += len(data)
        if self._heard > _LONGEST_ANSWER:
            self.end(f"the answer is longer than {_LONGEST_ANSWER:,} bytes")
            return
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            self.end("the answer is not HTTP")

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 -- asyncio's name
        """End; an answer of no told length is whole when the server hangs up (RFC 9112, 6.3)."""
        if self._answer is not None and self._has_head and not self._has_length:
            self._settle()
        self.end("the server hung up")
        self._ended(self)

    def on_message_begin(self) -> None:
        """Hear that an answer begins: where none is awaited, server and we are out of step."""
        if self._answer is None:
            self._transport.abort()

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep a header."""
        self._headers.append((name, value))

    def on_headers_complete(self) -> None:
        """Learn how the body ends."""
        self._has_head = self._parser.get_status_code() >= 200
        self._has_length = any(name.lower() in {b"content-length", b"transfer-encoding"} for name, _ in self._headers)

    def on_body(self, body: bytes) -> None:
        """Keep a piece of the body."""
        self._body.append(body)

    def on_message_complete(self) -> None:
        """Hand the answer over, and be there for the next request."""
        if self._parser.get_status_code() < 200:  # word that the answer will come
            self._headers = []
            return
        if not self._parser.should_keep_alive():
            self._transport.close()
        self._settle()

    def _settle(self) -> None:
        answer, self._answer = self._answer, None
        self.since = self._loop.time()
        if answer is not None and not answer.done():
            body = self._body[0] if len(self._body) == 1 else b"".join(self._body)
            answer.set_result(Response(self._parser.get_status_code(), self._headers, body))
        self._rests(self)
