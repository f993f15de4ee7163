"""Email over SMTP: pipelined on a few long-lived connections, one recipient per envelope."""

import ssl
from dataclasses import replace

from core.errors import PermanentError
from core.vocabulary import Channel, ErrorClass
from senders.contract import Answer, MayGo, Outgoing, Rejected, always
from senders.email.connections import Connections
from senders.email.delivery import Delivery, Written
from senders.email.headers import mailbox
from senders.email.letter import Letter, LetterMail
from senders.email.message import Identity, Mail
from senders.email.wire import Patience

_IMPLICIT_TLS = 465  # RFC 8314: TLS from the first byte; elsewhere STARTTLS where the server offers it
_CONNECTIONS = 8


class EmailSender:
    """One relay."""

    channel = Channel.EMAIL
    knows_repeats = False

    def __init__(
        self,
        *,
        host: str,
        port: int,
        username: str,
        password: str,
        identity: Identity,
        connections: int = _CONNECTIONS,
        patience: Patience | None = None,
        tls_context: ssl.SSLContext | None = None,
        use_tls: bool | None = None,
    ) -> None:
        """Address a relay; nothing is connected yet. ``use_tls`` means from the first byte."""
        options = {
            "hostname": host,
            "port": port,
            "username": username or None,
            "password": password or None,
            "use_tls": port == _IMPLICIT_TLS if use_tls is None else use_tls,
            **({"tls_context": tls_context} if tls_context else {}),
        }
        self._identity = identity
        self._connections = Connections(options, most=connections, patience=patience or Patience())

    async def send(self, message: Outgoing, may_go: MayGo = always) -> Answer:
        """Hand one email to the relay; what happens after the final dot without an answer is unknown.

        ``may_go`` is asked right before the text is written. When it says no, the connection is broken off, since the
        relay waits for the text by then; that is rare, and asking before as well would cost every message.
        """
        address = mailbox(message.address)
        if address is None:
            return Rejected(str(ErrorClass.PERMANENT_RECIPIENT), "5.1.3", "no mail can be addressed so")
        try:
            written = message if address == message.address else replace(message, address=address)
            mail = Mail(written, self._identity)
        except (PermanentError, UnicodeEncodeError) as error:
            return Rejected(str(ErrorClass.PERMANENT_REQUEST), "5.6.0", str(error))
        return await self._hand_over(message.message_id, address, mail, may_go)

    async def post(self, letter: Letter) -> Answer:
        """Hand a letter to one of the staff over, as ``send`` does an email; no lane counts it."""
        address = mailbox(letter.address)
        if address is None:
            return Rejected(str(ErrorClass.PERMANENT_RECIPIENT), "5.1.3", "no mail can be addressed so")
        mail = LetterMail(replace(letter, address=address), self._identity)
        return await self._hand_over(letter.letter_id, address, mail, always)

    async def _hand_over(self, message_id: str, address: str, mail: Written, may_go: MayGo) -> Answer:
        delivery = Delivery(self._identity.return_path(message_id), address, mail, may_go)
        self._connections.submit(delivery)
        return await delivery.answer

    async def close(self) -> None:
        """Say goodbye on every connection."""
        await self._connections.close()
