"""A mail server that misbehaves: refuses now or for good, closes, cuts before or after the final dot."""

import asyncio
import random
import re
from dataclasses import dataclass

from bench.faulty_book import Book

_MESSAGE_ID = re.compile(rb"^message-id:\s*<([^@>\s]+)@", re.IGNORECASE | re.MULTILINE)
# What happens to a message, and how often in a thousand.
_FAULTS = {
    "good": 888,
    "slow": 30,
    "later_at_recipient": 12,
    "refused_at_recipient": 5,
    "closing_at_recipient": 8,
    "later_at_dot": 12,
    "closing_at_dot": 5,
    "refused_at_dot": 5,
    "cut_before_dot": 10,
    "cut_after_dot": 15,
    "nonsense_at_dot": 10,
}
_AT_RECIPIENT = {
    "later_at_recipient": b"451 4.3.0 try again later\r\n",
    "refused_at_recipient": b"550 5.1.1 nobody of that name\r\n",
    "closing_at_recipient": b"421 4.4.2 closing\r\n",
}
_AT_DOT = {
    "later_at_dot": b"451 4.3.0 try again later\r\n",
    "closing_at_dot": b"421 4.4.2 closing\r\n",
    "refused_at_dot": b"554 5.6.0 this cannot be delivered\r\n",
}
_CLOSING = {"closing_at_recipient", "closing_at_dot"}


@dataclass
class FaultyMail:
    """Recognises what it takes by its Message-ID, and takes nothing it refuses."""

    rng: random.Random
    book: Book

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Speak SMTP until the connection ends."""
        try:
            writer.write(b"220 peer ESMTP\r\n")
            await self._speak(reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.transport.abort()

    async def _speak(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        address, fault = "", "good"
        while True:
            line = await reader.readuntil(b"\r\n")
            match line[:4].upper().strip():
                case b"EHLO":
                    writer.write(b"250-peer\r\n250-PIPELINING\r\n250 ENHANCEDSTATUSCODES\r\n")
                case b"MAIL" | b"RSET" | b"NOOP":
                    address = ""
                    writer.write(b"250 2.0.0 Ok\r\n")
                case b"RCPT":
                    fault = self._fault()
                    writer.write(_AT_RECIPIENT.get(fault, b"250 2.1.5 Ok\r\n"))
                    address = "" if fault in _AT_RECIPIENT else line.decode().partition("<")[2].partition(">")[0]
                case b"DATA" if not address:
                    writer.write(b"554 5.5.1 no valid recipient\r\n")
                case b"DATA":
                    writer.write(b"354 go on\r\n")
                    reply = await self._take(reader, fault, address, writer.get_extra_info("peername")[0])
                    if reply is None:
                        return
                    writer.write(reply)
                    address = ""
                case b"QUIT":
                    writer.write(b"221 2.0.0 bye\r\n")
                    await writer.drain()
                    return
                case _:
                    writer.write(b"500 5.5.2 what?\r\n")
            await writer.drain()
            if fault in _CLOSING and not address:
                return

    def _fault(self) -> str:
        return "good" if self.book.behaves else self.rng.choices(list(_FAULTS), list(_FAULTS.values()))[0]

    async def _take(self, reader: asyncio.StreamReader, fault: str, address: str, peer: str) -> bytes | None:
        """Read one message and answer it; None to cut the line."""
        head = await reader.readuntil(b"\r\n\r\n")
        found = _MESSAGE_ID.search(head)
        assert found is not None, "a message without a Message-ID"
        key = found[1].decode()
        self.book.begin(key)
        if fault == "cut_before_dot":
            self.book.end(key, is_clear=False)
            return None
        await reader.readuntil(b"\r\n.\r\n")
        if fault in _AT_DOT:
            self.book.end(key, is_clear=True)
            return _AT_DOT[fault]
        self.book.take(key, "email", address, peer)
        if fault == "slow":
            await asyncio.sleep(self.rng.uniform(0.1, 0.4))
        self.book.end(key, is_clear=fault in {"good", "slow"})
        if fault == "cut_after_dot":
            return None
        return b"what a fine day\r\n" if fault == "nonsense_at_dot" else f"250 2.0.0 Ok: queued as {key}\r\n".encode()
