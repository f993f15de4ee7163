"""Providers to sit an exam with: real servers on loopback that do exactly what a test tells them."""

import asyncio
import ssl
import time
from dataclasses import dataclass, field
from typing import Any, Self

CUT = "cut"  # read the whole message, then break the connection


@dataclass
class Peer:
    """A server with one behaviour; ``taken`` holds what it read whole, ``arrivals`` when, one entry a message."""

    behaviour: Any
    taken: list[bytes] = field(default_factory=list)
    arrivals: list[float] = field(default_factory=list)
    connections: int = 0
    port: int = 0
    encryption: ssl.SSLContext | None = None
    _server: asyncio.Server | None = None

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=self.encryption)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            await self.talk(reader, writer)
        except (asyncio.IncompleteReadError, asyncio.CancelledError, ConnectionError):
            pass  # the other side is through
        finally:
            writer.transport.abort()

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Speak the channel's protocol until the connection ends."""
        raise AssertionError("a peer speaks a protocol")


def http(status: int, body: str, **headers: str) -> bytes:
    """Write an HTTP answer; header names take underscores for dashes."""
    lines = [f"HTTP/1.1 {status} Said", "Content-Type: application/json", f"Content-Length: {len(body.encode())}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", body]).encode()


class HttpPeer(Peer):
    """Answers every request with the same bytes, or with what a function makes of it, or cuts.

    A list is written piece by piece; CUT in it breaks the connection, a number waits so many seconds.
    """

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            length = next(int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:"))
            self.taken.append(head + await reader.readexactly(length))
            self.arrivals.append(time.monotonic())
            said = self.behaviour(self.taken[-1]) if callable(self.behaviour) else self.behaviour
            for piece in said if isinstance(said, list) else [said]:
                if piece == CUT:
                    return
                if isinstance(piece, bytes):
                    writer.write(piece)
                    await writer.drain()
                else:
                    await asyncio.sleep(piece)
