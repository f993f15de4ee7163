"""One message on its way to a mail server: what is written, who is asked, who waits for the answer."""

import asyncio

from senders.contract import Answer, MayGo
from senders.email.replies import Reply


class Delivery:
    """An envelope and a body for one recipient, and the answer to come."""

    __slots__ = ("answer", "body", "envelope", "may_go", "refusal")

    def __init__(self, sender: str, recipient: str, data: bytes, may_go: MayGo) -> None:
        self.envelope = f"MAIL FROM:<{sender}>\r\nRCPT TO:<{recipient}>\r\nDATA\r\n".encode("ascii")
        self.body = _stuffed(data)
        self.may_go = may_go
        self.answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self.refusal: Reply | None = None  # of the sender or the recipient

    def settle(self, answer: Answer) -> None:
        """Answer whoever waits; the first answer counts."""
        if not self.answer.done():
            self.answer.set_result(answer)


def _stuffed(data: bytes) -> bytes:
    """Double the dots that begin a line and end with the dot that ends a message (RFC 5321, 4.5.2)."""
    end = b".\r\n" if data.endswith(b"\r\n") else b"\r\n.\r\n"
    return (b"." if data.startswith(b".") else b"") + data.replace(b"\r\n.", b"\r\n..") + end
