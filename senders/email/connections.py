"""The connections to one mail server: opened by aiosmtplib, reused, and as many as are wanted and allowed."""

import asyncio
import ssl
from collections import deque
from collections.abc import Mapping
from typing import Any, cast

import aiosmtplib

from senders.contract import NotSent
from senders.email.delivery import Delivery
from senders.email.wire import Patience, Takes, Wire

_GOODBYE_SECONDS = 5.0


class Connections:
    """At most ``most`` connections; a message goes to one that rests, else to a new one, else behind another message.

    ``options`` are aiosmtplib's: where the server is, who we are, which TLS.
    """

    def __init__(self, options: Mapping[str, Any], *, most: int, patience: Patience) -> None:
        self._options, self._most, self._patience = dict(options), most, patience
        self._waiting: deque[Delivery] = deque()
        self._wires: set[Wire] = set()
        self._resting: list[Wire] = []
        self._opening: set[asyncio.Task[None]] = set()

    def submit(self, delivery: Delivery) -> None:
        """Send a message as soon as a connection can take it."""
        self._waiting.append(delivery)
        is_full = len(self._wires) + len(self._opening) >= self._most
        if len(self._waiting) == 1 or not is_full:  # else no connection has room: each takes what waits by itself
            self._distribute()

    def next_waiting(self) -> Delivery | None:
        """Give the next message, if any waits."""
        while self._waiting:
            delivery = self._waiting.popleft()
            if not delivery.answer.done():  # whoever waited may have given up
                return delivery
        return None

    def rests(self, wire: Wire) -> None:
        """Hear that a connection has nothing to do."""
        self._resting.append(wire)

    def take_back(self, delivery: Delivery) -> None:
        """Take a message that was certainly not sent and deserves another connection."""
        self._waiting.appendleft(delivery)

    def ended(self, wire: Wire) -> None:
        """Hear that a connection is over."""
        self._wires.discard(wire)
        if wire in self._resting:
            self._resting.remove(wire)
        self._distribute()

    async def close(self) -> None:
        """Say goodbye on every connection; whoever still waits was not sent."""
        while (delivery := self.next_waiting()) is not None:
            delivery.settle(NotSent("we close"))
        opening, wires = list(self._opening), list(self._wires)
        for task in opening:
            task.cancel()
        for wire in wires:
            wire.quit()
        if wires:
            await asyncio.wait([wire.closed for wire in wires], timeout=_GOODBYE_SECONDS)
        for wire in wires:
            wire.end("we close")
        await asyncio.gather(*opening, return_exceptions=True)

    def _distribute(self) -> None:
        while self._waiting and (wire := self._with_room()) is not None:
            if (delivery := self.next_waiting()) is None:
                self.rests(wire)
            else:
                wire.begin(delivery)

    def _with_room(self) -> Wire | None:
        while self._resting:
            wire = self._resting.pop()
            if wire.has_room:
                return wire
        while len(self._opening) < len(self._waiting) and len(self._wires) + len(self._opening) < self._most:
            self._opening.add(asyncio.create_task(self._open()))
        for wire in self._wires:
            if wire.has_room:
                return wire
        return None

    async def _open(self) -> None:
        """Open a connection; when that fails, the message that has waited longest is told."""
        task = cast("asyncio.Task[None]", asyncio.current_task())
        try:
            async with asyncio.timeout(self._patience.reply_seconds):
                wire = await self._connect()
        except Exception as error:  # noqa: BLE001 -- whatever is wrong, whoever waits must be told
            if (delivery := self.next_waiting()) is not None:
                delivery.settle(NotSent(f"no connection to the mail server: {error or type(error).__name__}"))
        else:
            self._wires.add(wire)
            self._resting.append(wire)
        finally:
            self._opening.discard(task)
        self._distribute()

    async def _connect(self) -> Wire:
        if "tls_context" not in self._options:  # reading the system's certificates takes long: once for all
            self._options["tls_context"] = await asyncio.to_thread(ssl.create_default_context)
        client = aiosmtplib.SMTP(**self._options, timeout=self._patience.reply_seconds)
        try:
            await client.connect()
            self._options["local_hostname"] = client.local_hostname  # asking for it may take a name server's time
            if client.is_ehlo_or_helo_needed:
                try:
                    await client.ehlo()
                except aiosmtplib.SMTPHeloError:
                    await client.helo()
        except BaseException:
            client.close()
            raise
        takes = Takes(client.supports_extension("pipelining"), client.supports_extension("8bitmime"))
        return Wire(self, cast("asyncio.Transport", client.transport), self._patience, takes)
