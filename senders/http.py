"""HTTP for the hot path: one POST, nothing repeated, and a clear word on whether the request can have arrived."""

import asyncio
import os
import socket
import ssl
from collections.abc import Mapping
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

import aiohappyeyeballs

from core.errors import PermanentError
from senders.contract import MayGo, always
from senders.http_wire import HttpWire, NoAnswerError, Response

__all__ = ["HttpPort", "NoAnswerError", "NotWrittenError", "Response"]

_MOST_CONNECTIONS = 300  # more per process cost more than they bring
_CONNECT_SECONDS = 10.0
_IDLE_SECONDS = 15.0  # servers close what is idle, and a request written at that moment would be in doubt
_NAME_SECONDS = 10.0  # how long an address is used before the name is asked for again
_NEXT_ADDRESS_SECONDS = 0.25  # of RFC 8305: how long one address is tried alone


class NotWrittenError(Exception):
    """The request certainly did not reach the server."""


class HttpPort:
    """Connections to one provider."""

    def __init__(self, base_url: str, headers: Mapping[str, str], *, timeout: float = 30.0) -> None:
        parts = urlsplit(base_url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise PermanentError(
                f"{base_url!r} is no address of a provider: give one such as https://graph.facebook.com"
            )
        self._host, self._is_encrypted = parts.hostname, parts.scheme == "https"
        self._port = parts.port or (443 if self._is_encrypted else 80)
        self._path = parts.path.rstrip("/")
        host = f"[{self._host}]" if ":" in self._host else self._host.encode("idna").decode()
        common = {"Host": f"{host}:{parts.port}" if parts.port else host, "Content-Type": "application/json", **headers}
        self._common = _lines(common)
        self._heads: dict[str, bytes] = {}
        self._timeout = timeout
        self._places = asyncio.Semaphore(_MOST_CONNECTIONS)
        self._wires: set[HttpWire] = set()
        self._resting: list[HttpWire] = []
        self._found: list[aiohappyeyeballs.AddrInfoType] = []
        self._found_at = 0.0
        self._asks_once = asyncio.Lock()
        self._tls: ssl.SSLContext | None = None
        self._timer: asyncio.TimerHandle | None = None

    async def post(
        self, path: str, body: bytes, headers: Mapping[str, str] | None = None, may_go: MayGo = always
    ) -> Response | None:
        """POST JSON once; None where ``may_go``, asked right before the write, says no.

        Raises NotWrittenError or NoAnswerError, nothing else.
        """
        if (head := self._heads.get(path)) is None:
            head = self._heads[path] = _line(f"POST {self._path}{path} HTTP/1.1") + self._common
        more = _lines(headers) if headers else b""
        request = b"%b%bContent-Length: %d\r\n\r\n%b" % (head, more, len(body), body)
        async with self._places:
            wire = self._rested() or await self._open()
            if not may_go():
                self._rests(wire)
                return None
            answer = wire.ask(request)
            try:
                return await answer
            finally:
                if not answer.done() or answer.cancelled():
                    wire.end("nobody waits for the answer any more")

    async def close(self) -> None:
        """Close the connections; who still awaits an answer is in doubt."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        for wire in list(self._wires):
            wire.end("we close")
        self._resting.clear()
        await asyncio.sleep(0)  # the loop closes them in its next turn

    async def __aenter__(self) -> Self:
        """Use as a context manager to close the connections."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the connections."""
        await self.close()

    def _rested(self) -> HttpWire | None:
        while self._resting:
            wire = self._resting.pop()
            if wire.is_usable:
                return wire
        return None

    def _rests(self, wire: HttpWire) -> None:
        self._resting.append(wire)

    def _ended(self, wire: HttpWire) -> None:
        self._wires.discard(wire)
        if wire in self._resting:
            self._resting.remove(wire)

    async def _open(self) -> HttpWire:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(_CONNECT_SECONDS):
                found = await self._addresses(loop)
                connected = await aiohappyeyeballs.start_connection(
                    found, happy_eyeballs_delay=_NEXT_ADDRESS_SECONDS, interleave=1
                )
                _, wire = await loop.create_connection(
                    lambda: HttpWire(self._rests, self._ended),
                    sock=connected,
                    ssl=self._tls,
                    server_hostname=self._host if self._is_encrypted else None,
                )
        except TimeoutError as error:
            raise NotWrittenError(f"no connection within {_CONNECT_SECONDS:g} s") from error
        except OSError as error:
            raise NotWrittenError(f"no connection{_why(error)}") from error
        self._wires.add(wire)
        if self._timer is None:
            self._tick(loop)
        return wire

    async def _addresses(self, loop: asyncio.AbstractEventLoop) -> list[aiohappyeyeballs.AddrInfoType]:
        """Ask for the name's addresses, and read the system's certificates, once for all who want to connect."""
        async with self._asks_once:
            if self._is_encrypted and self._tls is None:
                self._tls = await asyncio.to_thread(ssl.create_default_context)
            if not self._found or loop.time() > self._found_at + _NAME_SECONDS:
                found = await loop.getaddrinfo(self._host, self._port, type=socket.SOCK_STREAM)
                self._found, self._found_at = list(found), loop.time()
            return self._found

    def _tick(self, loop: asyncio.AbstractEventLoop) -> None:
        """Look from time to time for answers that do not come, and for connections nobody needs."""
        if not self._wires:
            self._timer = None
            return
        now = loop.time()
        for wire in list(self._wires):
            silent = now - wire.since
            if wire.is_busy and silent >= self._timeout:
                wire.end(f"no answer within {self._timeout:g} s")
            elif not wire.is_busy and silent >= _IDLE_SECONDS:
                wire.end("idle")
        self._timer = loop.call_later(min(1.0, self._timeout / 4), self._tick, loop)


def _line(text: str) -> bytes:
    """Write a line of a request's head. Raises PermanentError for what would be another line, or cannot be written."""
    if not text.isprintable() or not text.isascii():
        name = text.split(":", maxsplit=1)[0]
        raise PermanentError(f"{name!r} has characters that may not be in an HTTP header: look at its setting")
    return text.encode() + b"\r\n"


def _lines(headers: Mapping[str, str]) -> bytes:
    return b"".join(_line(f"{name}: {value}") for name, value in headers.items())


def _why(error: OSError) -> str:
    """Say what the system said, without addresses: people read it."""
    if isinstance(error, ssl.SSLError):
        return f": {error.reason}"
    if isinstance(error, socket.gaierror):
        return f": {error.strerror}"
    return f": {os.strerror(error.errno)}" if error.errno else ""
