"""A mail server that does exactly what a test tells it, command by command, and keeps what it was sent."""

import asyncio
import ssl
import time
from dataclasses import dataclass, field

from tests.senders.peers import CUT, Peer

SILENT = "silent"  # answer nothing from now on, but read
USUAL = ""  # in a list of replies: the one it would give anyway
AND_CLOSE = "\0"  # behind a reply: close after it

_USUAL = {
    "CONNECT": "220 peer ESMTP",
    "DATA": "354 go on",
    "QUIT": "221 bye",
    "DOT": "250 2.0.0 Ok: queued as 4ZQ1",
    "STARTTLS": "220 go ahead",
    "AUTH": "235 2.7.0 welcome",
}
_WORDS = {"STAR": "STARTTLS"}


@dataclass
class MailPeer(Peer):
    """Speaks SMTP with pipelining; ``behaviour`` names, by command, another reply, or a list with one for each time.

    ``taken`` holds every text that came whole, with its dots as sent; ``accepted`` those it said 250 to.
    """

    extensions: tuple[str, ...] = ("PIPELINING", "ENHANCEDSTATUSCODES")
    is_naive: bool = False  # wants a text after DATA even for nobody
    in_pieces: bool = False  # replies come byte by byte
    tls: ssl.SSLContext | None = None
    accepted: list[bytes] = field(default_factory=list)
    words: list[str] = field(default_factory=list)
    senders: list[str] = field(default_factory=list)  # every MAIL as it came
    early: int = 0  # how often something came that had to wait for a reply
    _is_silent: bool = False

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Speak SMTP until one side has enough."""
        goes_on = await self._say(writer, self._reply("CONNECT"))
        has_sender = has_recipient = False
        while goes_on:
            line = await reader.readuntil(b"\r\n")
            word = _WORDS.get(line[:4].decode().upper(), line[:4].decode().upper())
            self.words.append(word)
            if word == "MAIL":
                self.senders.append(line.decode().rstrip())
            reply = self._reply(word)
            if word in {"MAIL", "RSET"}:
                reply = "503 5.5.1 nested" if has_sender and word == "MAIL" else reply
                has_sender, has_recipient = word == "MAIL" and (has_sender or reply.startswith("2")), False
            if word == "RCPT":
                has_recipient = has_sender and reply.startswith("2")
                reply = reply if has_sender else "503 5.5.1 whose?"
            if word == "DATA" and not has_recipient and not self.is_naive:
                reply = "503 5.5.1 for whom?"
            if word == "DATA" or "PIPELINING" not in self.extensions:
                await self._look_for_early(reader)
            goes_on = await self._say(writer, reply) and word != "QUIT"
            if word == "STARTTLS" and self.tls is not None:
                await writer.start_tls(self.tls)
            if word == "DATA" and reply.startswith("354"):
                has_sender = has_recipient = False
                goes_on = goes_on and await self._take(reader, writer)

    async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        text = await reader.readuntil(b"\r\n.\r\n")
        self.taken.append(text)
        self.arrivals.append(time.monotonic())
        self.words.append("DOT")
        if "PIPELINING" not in self.extensions:
            await self._look_for_early(reader)
        reply = self._reply("DOT")
        if reply.startswith("250"):
            self.accepted.append(text)
        return await self._say(writer, reply)

    async def _look_for_early(self, reader: asyncio.StreamReader) -> None:
        await asyncio.sleep(0.001)
        self.early += bool(reader._buffer)

    def _reply(self, word: str) -> str:
        said = self.behaviour.get(word, USUAL)
        if isinstance(said, list):
            said = said.pop(0) if said else USUAL
        if said or word != "EHLO":
            return said or _USUAL.get(word, "250 2.0.0 Ok")
        *others, last = ("peer", *self.extensions)
        return "\r\n".join([*(f"250-{each}" for each in others), f"250 {last}"])

    async def _say(self, writer: asyncio.StreamWriter, reply: str) -> bool:
        """Answer; False when the connection ends with that."""
        if reply == CUT:
            return False
        self._is_silent = self._is_silent or reply == SILENT
        if not self._is_silent:
            said = f"{reply.removesuffix(AND_CLOSE)}\r\n".encode()
            for piece in [said[i : i + 1] for i in range(len(said))] if self.in_pieces else [said]:
                writer.write(piece)
                await asyncio.sleep(0)
            await writer.drain()
        return not reply.endswith(AND_CLOSE)


@dataclass
class PlainMailPeer(MailPeer):
    """Knows no pipelining: whoever speaks before it has answered is early."""

    extensions: tuple[str, ...] = ("ENHANCEDSTATUSCODES",)
