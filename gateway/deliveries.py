"""Deliveries without ASGI: a task, an event and six messages for each would cost more than what the door does.

Whatever is not as providers' deliveries are (another path, a large or chunked body, one request behind another, an old
client, traces) goes through uvicorn's own way, to the same door.
"""

import asyncio
import time
from collections.abc import Mapping
from functools import lru_cache
from http import HTTPStatus
from typing import ClassVar

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from core import faults, traces
from core.logs import get_logger
from gateway.webhooks import BROKEN_OFF, Door, Reply

_LARGEST_BODY = 64 * 1024  # what comes at once, or nearly
_FAULT = Reply("fault", 500, "Internal Server Error")


class Doorway(HttpToolsProtocol):
    """One connection."""

    doors: ClassVar[Mapping[bytes, Door]] = {}

    def on_headers_complete(self) -> None:
        """Begin a request."""
        door = self.doors.get(self.url)
        if door is None or not self._is_plain():
            super().on_headers_complete()
        else:
            self.cycle = _Delivery(door, self)  # type: ignore[assignment]  # it has what the protocol asks of one

    def _is_plain(self) -> bool:
        parser, before = self.parser, self.cycle
        length = next((value for name, value in self.headers if name == b"content-length"), b"")
        return (
            parser.get_method() == b"POST"
            and parser.get_http_version() == "1.1"
            and parser.should_keep_alive()
            and not parser.should_upgrade()
            and not self.expect_100_continue
            and length.isdigit()
            and int(length) <= _LARGEST_BODY
            and (before is None or before.response_complete)
            and not self.flow.write_paused
            and not traces.is_on()
        )

    def answer(self, delivery: "_Delivery", reply: Reply) -> None:
        """Send the answer to a delivery; ``cycle`` may be another by now, which waits for this one's end."""
        is_last = not delivery.keep_alive
        more = [b"%b: %b\r\n" % header for header in self.server_state.default_headers]
        end = b"connection: close\r\n\r\n" if is_last else b"\r\n"
        self.transport.write(b"".join([_head(reply), *more, end, reply.text.encode()]))
        delivery.response_complete = True
        if is_last:
            self.transport.close()
        self.on_response_complete()


def through(doors: Mapping[str, Door]) -> type[Doorway]:
    """Return the protocol that knows these doors by their paths."""
    known = {path.encode(): door for path, door in doors.items()}
    return type("Doorway", (Doorway,), {"doors": known})


class _Delivery:
    """A delivery on its way: the protocol adds to ``body`` and calls ``message_event.set`` at each change."""

    def __init__(self, door: Door, doorway: Doorway) -> None:
        self.body, self.more_body = bytearray(), True
        self.disconnected = self.response_complete = False
        self.keep_alive = True
        self.message_event = self
        self._door, self._doorway = door, doorway
        self._given, self._began = doorway.headers, time.monotonic()
        self._is_taken = False

    def set(self) -> None:
        """Take the delivery once its body is there."""
        if self._is_taken or (self.more_body and not self.disconnected):
            return
        self._is_taken = True
        if self.disconnected:
            self._door.count(BROKEN_OFF, self._began)
            return
        try:
            begun = self._door.begin(self._given, bytes(self.body))
        except Exception as error:  # noqa: BLE001 -- the parser would call it a fault of who asked
            get_logger().error("a fault of ours", where="webhooks", exc_info=error)
            faults.report(error)
            begun = _FAULT
        if isinstance(begun, Reply):
            self._answer(begun)
        else:
            begun.add_done_callback(self._end)

    def _end(self, settled: "asyncio.Future[bool]") -> None:
        self._answer(self._door.end(settled))

    def _answer(self, reply: Reply) -> None:
        self._door.count(reply, self._began)
        if not self.disconnected and not self._doorway.transport.is_closing():
            self._doorway.answer(self, reply)


@lru_cache(maxsize=64)
def _head(reply: Reply) -> bytes:
    lines = [b"HTTP/1.1 %d %b\r\n" % (reply.status, HTTPStatus(reply.status).phrase.encode())]
    return b"".join(lines + [b"%b: %b\r\n" % header for header in reply.headers()])
