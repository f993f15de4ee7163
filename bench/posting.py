"""A crowd of providers who post webhooks over many connections at once: bare bytes, so that posting costs little.

It runs in a process of its own and leaves what it saw in a file.
"""

import asyncio
import json
import random
import re
import time
from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple, cast

import uvloop

from bench import children

_HOST = "127.0.0.1"
_LENGTH = re.compile(rb"content-length: (\d+)", re.IGNORECASE)
_COME_BACK = 0.2  # seconds until a delivery that was not taken is told again; real providers wait longer


class Post(NamedTuple):
    """One delivery: its number, and the bytes of the request that tells it; the last ones tell it again."""

    number: int
    requests: tuple[bytes, ...]


@dataclass
class Posted:
    """What the crowd saw."""

    seconds: float = 0.0
    times: list[float] = field(default_factory=list)  # of answered requests, in seconds
    statuses: Counter[int] = field(default_factory=Counter)
    acknowledged: list[int] = field(default_factory=list)  # numbers, as often as they were answered 200
    interrupted: int = 0  # requests whose connection ended without an answer

    def p99(self) -> float:
        """Milliseconds within which 99 of 100 requests were answered."""
        return sorted(self.times)[int(len(self.times) * 0.99)] * 1000


def request(path: str, body: bytes, **headers: str) -> bytes:
    """Return the bytes of a POST."""
    lines = [f"POST {path} HTTP/1.1", f"host: {_HOST}", f"content-length: {len(body)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + body


class Crowd:
    """Posts every delivery until it is answered 200, and some of them again."""

    def __init__(self, port: int, posts: Sequence[Post], *, connections: int, repeated: float = 0.0, seed: int = 1):
        self._port, self._waiting, self._left = port, deque(posts), len(posts)
        self._connections, self._repeated, self._rng = connections, repeated, random.Random(seed)
        self._idle: list[_Connection] = []
        self._told: set[int] = set()
        self._done = asyncio.Event()
        self.posted = Posted()

    async def run(self) -> Posted:
        """Post them all."""
        began = time.perf_counter()
        for _ in range(self._connections):
            self.connect()
        await self._done.wait()
        self.posted.seconds = time.perf_counter() - began
        return self.posted

    def connect(self) -> None:
        """Open one more connection, as soon as somebody listens."""
        asyncio.get_running_loop().create_task(self._connect())

    async def _connect(self) -> None:
        while not self._done.is_set():
            try:
                await asyncio.get_running_loop().create_connection(lambda: _Connection(self), _HOST, self._port)
            except OSError:
                await asyncio.sleep(0.02)
            else:
                return

    def take(self, connection: "_Connection") -> Post | None:
        """Give a connection its next delivery, or remember that it has none."""
        if self._waiting:
            return self._waiting.popleft()
        self._idle.append(connection)
        return None

    def bytes_of(self, post: Post) -> bytes:
        """Return what to send: the first time, or again."""
        if post.number in self._told:
            return post.requests[-1]
        self._told.add(post.number)
        return post.requests[0]

    def answered(self, post: Post, status: int, seconds: float) -> None:
        """Note an answer; what was not taken comes again, and so does some of what was."""
        self.posted.statuses[status] += 1
        if status != 200:
            self._again(post)
            return
        self.posted.times.append(seconds)
        self.posted.acknowledged.append(post.number)
        if self._rng.random() < self._repeated:
            self._again(post)
            return  # it is done when it is answered without being told once more
        self._left -= 1
        if self._left == 0:
            self._done.set()

    def interrupted(self, post: Post | None) -> None:
        """Note a connection that ended, tell its delivery again, and open another."""
        if post is not None:
            self.posted.interrupted += 1
            self._again(post)
        if not self._done.is_set():
            self.connect()

    def _again(self, post: Post) -> None:
        asyncio.get_running_loop().call_later(self._rng.uniform(0.5, 1.5) * _COME_BACK, self._put_back, post)

    def _put_back(self, post: Post) -> None:
        self._waiting.append(post)
        while self._idle and self._waiting:
            connection = self._idle.pop()
            if not connection.is_over:
                connection.next()


class _Connection(asyncio.Protocol):
    """One connection: a request at a time."""

    def __init__(self, crowd: Crowd) -> None:
        self._crowd, self._buffer = crowd, b""
        self._post: Post | None = None
        self._transport: asyncio.Transport | None = None
        self._began = 0.0
        self.is_over = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self.next()

    def next(self) -> None:
        """Post the next delivery, if there is one."""
        self._post = self._crowd.take(self)
        if self._post is not None and self._transport is not None:
            self._began = time.perf_counter()
            self._transport.write(self._crowd.bytes_of(self._post))

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, blank, body = self._buffer.partition(b"\r\n\r\n")
        length = _LENGTH.search(head)
        if not blank or length is None or len(body) < int(length[1]):
            return
        post, self._post, self._buffer = self._post, None, b""
        assert post is not None
        self._crowd.answered(post, int(head[9:12]), time.perf_counter() - self._began)
        self.next()

    def connection_lost(self, _error: Exception | None) -> None:
        self.is_over = True
        self._crowd.interrupted(self._post)


class Posters:
    """The crowd in a process of its own."""

    def __init__(self, file: Path, port: int, posts: Sequence[Post], *, connections: int, repeated: float = 0.0):
        self._file = file

        def work() -> None:
            crowd = Crowd(port, posts, connections=connections, repeated=repeated)
            uvloop.run(crowd.run())
            file.write_text(json.dumps(vars(crowd.posted)))

        self.pid = children.fork(work, log=file.with_suffix(".log"))

    def is_posting(self) -> bool:
        """Whether something is left to post."""
        return not children.has_ended(self.pid)

    def result(self) -> Posted:
        """Wait until all is posted, and return what the crowd saw."""
        children.join(self.pid)
        found = json.loads(self._file.read_text())
        found["statuses"] = Counter({int(status): count for status, count in found["statuses"].items()})
        return Posted(**found)
