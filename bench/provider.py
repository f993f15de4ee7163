"""The fastest provider there is: answers every request with the same bytes, after a delay if asked.

``python -m bench.provider --delay 0.1`` prints its address; GET /count tells how many it took, and at which pace.
"""

import argparse
import asyncio
import json
import time
from collections import Counter
from typing import ClassVar

_BODY = b'{"messages":[{"id":"wamid.1","message_status":"accepted"}]}'
_GOOD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (len(_BODY), _BODY)


class Provider(asyncio.Protocol):
    """One connection; requests may come in pieces."""

    delay = 0.0
    count = 0
    by_second: ClassVar[Counter[int]] = Counter()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        self._transport, self._buffer = transport, b""

    def data_received(self, data: bytes) -> None:
        """Answer every whole request."""
        self._buffer += data
        while (end := self._buffer.find(b"\r\n\r\n")) >= 0:
            head = self._buffer[:end].lower()
            if head.startswith(b"get /count"):
                self._buffer = b""
                self._tell({"count": Provider.count, "most_in_a_second": max(Provider.by_second.values(), default=0)})
                return
            at = head.find(b"content-length: ")
            length = int(head[at + 16 :].split(b"\r\n", 1)[0])
            if len(self._buffer) < end + 4 + length:
                return
            self._buffer = self._buffer[end + 4 + length :]
            Provider.count += 1
            Provider.by_second[int(time.monotonic())] += 1
            if self.delay:
                asyncio.get_running_loop().call_later(self.delay, self._write, _GOOD)
            else:
                self._write(_GOOD)

    def _tell(self, said: dict[str, int]) -> None:
        body = json.dumps(said).encode()
        self._write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))

    def _write(self, data: bytes) -> None:
        assert isinstance(self._transport, asyncio.Transport)
        if not self._transport.is_closing():
            self._transport.write(data)


async def serve() -> None:
    """Listen until killed."""
    server = await asyncio.get_running_loop().create_server(Provider, "127.0.0.1", 0, backlog=1024)
    print(json.dumps({"url": f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"}), flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--delay", type=float, default=0.0)
    Provider.delay = parser.parse_args().delay
    asyncio.run(serve())
