"""Mail that comes to us without HTTP: by a mailbox that we read, or handed over by our own mail server (LMTP)."""

import asyncio
import imaplib
from collections.abc import Callable
from datetime import datetime

from aiosmtpd.lmtp import LMTP
from aiosmtpd.smtp import SMTP, Envelope, Session

from core.errors import TransientError
from core.logs import get_logger
from core.settings import Settings
from gateway.intake import Intake
from gateway.mailbox import LARGEST_MAIL, Mailbox

_EVERY = 30.0  # seconds between two looks into the mailbox
_AT_ONCE = 50  # mails of one look
Clock = Callable[[], datetime]


class MailIn:
    """Both ways in, open where they are set, beside the signed ``/webhooks/email/inbound``."""

    def __init__(self, settings: Settings, intake: Intake, clock: Clock) -> None:
        self._settings, self._intake, self._clock = settings, intake, clock
        self._server: asyncio.Server | None = None
        self._looking: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Open what is set. Raises OSError when the LMTP address is taken."""
        settings, loop = self._settings, asyncio.get_running_loop()
        if settings.lmtp_port:
            self._server = await loop.create_server(self._lmtp, settings.lmtp_host, settings.lmtp_port)
        if settings.imap_host:
            self._looking = loop.create_task(self._look_again_and_again())

    async def stop(self) -> None:
        """Close both. A mail that is half taken is taken again: it is told from others by what it holds."""
        if self._server is not None:
            self._server.close()
        if self._looking is not None:
            self._looking.cancel()
            await asyncio.wait([self._looking])

    def _lmtp(self) -> SMTP:
        return _Listener(_Deliveries(self._intake, self._clock), data_size_limit=LARGEST_MAIL, enable_SMTPUTF8=True)

    async def _look_again_and_again(self) -> None:
        while True:
            try:
                while await self._look():
                    pass
            except (imaplib.IMAP4.error, OSError, TransientError) as error:
                get_logger().error("the mailbox cannot be read", error=type(error).__name__)
            await asyncio.sleep(_EVERY)

    async def _look(self) -> bool:
        """Take what nobody has seen yet; True when more may be there. Seen is what is committed."""
        mailbox = await asyncio.to_thread(Mailbox, self._settings)
        try:
            unseen = await asyncio.to_thread(mailbox.unseen)
            for uid in unseen[:_AT_ONCE]:
                raw = await asyncio.to_thread(mailbox.fetch, uid)
                if raw is not None:
                    await self._intake.take("email", raw, {}, self._clock())
                await asyncio.to_thread(mailbox.mark_seen, uid)
        finally:
            await asyncio.to_thread(mailbox.close)
        return len(unseen) > _AT_ONCE


class _Listener(LMTP):
    line_length_limit = 1024 * 1024  # mail servers enclose what others wrote, however long its lines


class _Deliveries:
    """Answers our mail server's deliveries: 250 once the mail is committed, 451 to have it tell us again."""

    def __init__(self, intake: Intake, clock: Clock) -> None:
        self._intake, self._clock = intake, clock

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 -- aiosmtpd's name
        """Take one mail; LMTP wants an answer for each recipient."""
        # The envelope says what the mail may not: where it went, which names the message it is about.
        head = [f"Return-Path: <{envelope.mail_from or ''}>", *(f"X-Original-To: {to}" for to in envelope.rcpt_tos)]
        raw = "".join(f"{line}\r\n" for line in head).encode() + bytes(envelope.original_content or b"")
        try:
            await self._intake.take("email", raw, {}, self._clock())
        except TransientError as error:
            answer = f"451 4.3.0 {error}: tell it again"
        else:
            answer = "250 2.0.0 taken"
        return "\r\n".join([answer] * len(envelope.rcpt_tos))
