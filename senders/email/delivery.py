"""One message on its way to a mail server: what is written, who is asked, who waits for the answer."""

import asyncio
from typing import Protocol

from senders.contract import Answer, MayGo
from senders.email.replies import Reply


class Written(Protocol):
    """A whole message, ready for a server that takes eight bits and for one that does not."""

    @property
    def fits_eight_bits(self) -> bool:
        """Whether it may go in eight bits."""

    def written(self, *, eight_bit: bool) -> bytes:
        """Return it as it goes over SMTP, but for the dots that begin a line."""

    @property
    def may_have_dots(self) -> bool:
        """Whether one of its lines may begin with a dot: to look for them takes as long as much of the rest."""


class Delivery:
    """An email for one recipient, and the answer to come."""

    __slots__ = ("_is_eight_bit", "_mail", "_recipient", "_sender", "answer", "may_go", "refusal")

    def __init__(self, sender: str, recipient: str, mail: Written, may_go: MayGo) -> None:
        self._sender, self._recipient, self._mail = sender, recipient, mail
        self._is_eight_bit = False
        self.may_go = may_go
        self.answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self.refusal: Reply | None = None  # of the sender or the recipient

    def envelope(self, *, takes_eight_bits: bool) -> bytes:
        """Return what opens the message on a connection; its body will be as that connection takes it."""
        self._is_eight_bit = takes_eight_bits and self._mail.fits_eight_bits
        kind = " BODY=8BITMIME" if self._is_eight_bit else ""
        return f"MAIL FROM:<{self._sender}>{kind}\r\nRCPT TO:<{self._recipient}>\r\nDATA\r\n".encode("ascii")

    def body(self) -> bytes:
        """Return the message as its envelope announced it, with the dot that ends it."""
        data = self._mail.written(eight_bit=self._is_eight_bit)
        if self._mail.may_have_dots:
            data = stuffed(data)
        return data + (b".\r\n" if data.endswith(b"\r\n") else b"\r\n.\r\n")

    def settle(self, answer: Answer) -> None:
        """Answer whoever waits; the first answer counts."""
        if not self.answer.done():
            self.answer.set_result(answer)


def stuffed(data: bytes) -> bytes:
    """Double the dots that begin a line (RFC 5321, 4.5.2)."""
    if data.rfind(b"\r\n.") >= 0:  # from the end it is looked for twice as fast, and there is rarely one
        data = data.replace(b"\r\n.", b"\r\n..")
    return b"." + data if data.startswith(b".") else data
