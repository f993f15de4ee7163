"""The gateway's side of its writing process: started with it, started again when it dies, ended with it."""

import asyncio
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any, cast

from core.logs import get_logger
from core.settings import Settings
from gateway.frames import Frames, frame
from gateway.writing import Settle, Taken

_MODULE = "gateway.writing_child"
_LEAST_LIFE = 5.0  # seconds; one that died younger is started again only after a pause
_PAUSE = 1.0
_LONGEST_START = 60.0


class WritingProcess:
    """Writes by a process of its own; when that dies, what it had in hand is lost to it: it will be told again."""

    def __init__(self, settings: Settings, module: str = _MODULE) -> None:
        self._settings, self._module = settings, module
        self._child: subprocess.Popen[bytes] | None = None
        self._link: _Link | None = None
        self._again: asyncio.Task[None] | None = None
        self._is_stopping = False

    @property
    def is_running(self) -> bool:
        """Whether the process lives, and is ready to write."""
        return self._link is not None and self._link.is_ready.is_set()

    async def start(self, settle: Settle, lost: Callable[[], None]) -> None:
        """Start it, and return when it is ready to write."""
        self._settle, self._tell_lost = settle, lost
        link = await self._start()
        async with asyncio.timeout(_LONGEST_START):
            await link.is_ready.wait()

    async def _start(self) -> "_Link":
        ours, theirs = socket.socketpair()
        with theirs:
            command = [sys.executable, "-m", self._module, str(theirs.fileno())]
            self._child = subprocess.Popen(command, pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL)  # noqa: ASYNC220 -- milliseconds, once
        ours.setblocking(False)  # noqa: FBT003 -- socket's way
        link = _Link(self._settle, self._lost)
        await asyncio.get_running_loop().connect_accepted_socket(lambda: link, ours)
        self._link = link
        link.send(self._settings)
        return link

    def send(self, first: int, group: Sequence[Taken]) -> bool:
        """Send it; False while none lives."""
        if self._link is None:
            return False
        self._link.send((first, group))
        return True

    async def stop(self) -> None:
        """Let it end."""
        self._is_stopping = True
        if self._again is not None:
            self._again.cancel()
        if self._link is not None:
            self._link.close()
        if self._child is not None:
            await asyncio.to_thread(self._child.wait)

    def _lost(self, lived: float) -> None:
        self._link = None
        if not self._is_stopping:
            get_logger().error("the writing process is gone: it is started again", lived_s=round(lived, 1))
            self._tell_lost()
            self._again = asyncio.get_running_loop().create_task(self._start_again(lived))

    async def _start_again(self, lived: float) -> None:
        if self._child is not None:
            self._child.kill()
            await asyncio.to_thread(self._child.wait)
        if lived < _LEAST_LIFE:
            await asyncio.sleep(_PAUSE)
        await self._start()


class _Link(asyncio.Protocol):
    """The connection to one process."""

    def __init__(self, settle: Settle, lost: Callable[[float], None]) -> None:
        self._settle, self._lost = settle, lost
        self._frames = Frames()
        self._began = time.monotonic()
        self._transport: asyncio.Transport | None = None
        self.is_ready = asyncio.Event()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def send(self, content: Any) -> None:
        if self._transport is not None:
            self._transport.write(frame(content))

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()

    def data_received(self, data: bytes) -> None:
        for said in self._frames.feed(data):
            if said is None:
                self.is_ready.set()
            else:
                self._settle(*said)

    def connection_lost(self, _error: Exception | None) -> None:
        self._lost(time.monotonic() - self._began)
