"""Email over SMTP: a few long-lived connections, one recipient per envelope."""

import asyncio
import re

import aiosmtplib

from core.vocabulary import Channel, ErrorClass
from senders.contract import WITHHELD, Accepted, Answer, MayGo, NotSent, Outgoing, Rejected, Unknown, always
from senders.email.message import Identity, message_bytes
from senders.errors import classify

_ENHANCED = re.compile(r"\b([245]\.\d{1,3}\.\d{1,3})\b")
_PER_CONNECTION = 100  # many servers close after about so many


class EmailSender:
    """One relay."""

    channel = Channel.EMAIL
    knows_repeats = False

    def __init__(self, *, host: str, port: int, username: str, password: str, identity: Identity) -> None:
        self._options = {
            "hostname": host,
            "port": port,
            "timeout": 30.0,
            "start_tls": None,
            "username": username or None,
            "password": password or None,
        }
        self._identity = identity
        self._idle: list[tuple[aiosmtplib.SMTP, int]] = []

    async def send(self, message: Outgoing, may_go: MayGo = always) -> Answer:
        """Hand one email to the relay; what happens after the final dot without an answer is unknown."""
        data = message_bytes(message, self._identity)
        if not may_go():
            return WITHHELD
        try:
            client, used = await self._connect()
        except (aiosmtplib.SMTPException, OSError, TimeoutError) as error:
            return NotSent(f"no connection to the mail server: {error}")
        answer, is_usable = await self._deliver(client, message, data)
        if is_usable and used + 1 < _PER_CONNECTION:
            self._idle.append((client, used + 1))
        else:
            client.close()
        return answer

    async def _connect(self) -> tuple[aiosmtplib.SMTP, int]:
        while self._idle:
            client, used = self._idle.pop()
            if client.is_connected:
                return client, used
        client = aiosmtplib.SMTP(**self._options)  # type: ignore[arg-type]  # the options' types differ
        await client.connect()
        return client, 0

    async def _deliver(self, client: aiosmtplib.SMTP, message: Outgoing, data: bytes) -> tuple[Answer, bool]:
        try:
            await client.mail(self._identity.return_path(message.message_id))
            await client.rcpt(message.address)
        except aiosmtplib.SMTPResponseException as error:
            answer = _refused(error)
            return answer, await _reset(client)
        except (aiosmtplib.SMTPException, OSError, TimeoutError) as error:
            return NotSent(f"the mail server hung up before the message: {error}"), False
        try:
            _, text = await client.data(data)
        except aiosmtplib.SMTPResponseException as error:
            if not 400 <= error.code < 600:  # no refusal: only 4xx and 5xx say that it was not taken
                return Unknown(f"the mail server's answer makes no sense: {error.message[:200]}"), False
            return _refused(error), await _reset(client)
        except (aiosmtplib.SMTPException, OSError, TimeoutError) as error:
            return Unknown(f"the mail server did not answer after the message: {error}"), False
        return Accepted(text.split()[-1] if text else None), True

    async def close(self) -> None:
        """Say goodbye on every connection."""
        clients = [client for client, _ in self._idle]
        self._idle.clear()
        await asyncio.gather(*(client.quit() for client in clients), return_exceptions=True)


async def _reset(client: aiosmtplib.SMTP) -> bool:
    try:
        await client.rset()
    except (aiosmtplib.SMTPException, OSError, TimeoutError):
        return False
    return True


def _refused(error: aiosmtplib.SMTPResponseException) -> Rejected:
    found = _ENHANCED.search(error.message)
    code = found[1] if found else str(error.code)
    if found:
        error_class, meaning = classify(Channel.EMAIL, code)
    else:
        error_class = ErrorClass.TRANSIENT if error.code < 500 else ErrorClass.PERMANENT_REQUEST
        meaning = "the mail server refused it"
    if error.code < 500 and error_class not in {ErrorClass.THROTTLED, ErrorClass.RECIPIENT_THROTTLED}:
        error_class = ErrorClass.TRANSIENT  # a 4xx reply always means: later
    return Rejected(str(error_class), code, f"{meaning}: {error.message[:200]}")
