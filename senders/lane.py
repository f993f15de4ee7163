"""A lane: one provider account, its rate, and the messages that one worker sends through it."""

import asyncio
import random
from collections.abc import Callable
from datetime import datetime, timedelta

import sqlalchemy as sa

from core.errors import PermanentError
from core.logs import get_logger
from core.store import campaigns, ledger, suppressions
from core.store.engine import reading
from core.store.ledger import Message
from core.store.templates import load_template
from core.vocabulary import Channel, ErrorClass
from senders.compose import Links, compose
from senders.contract import Accepted, Answer, NotSent, Outgoing, Rejected, Sender, Unknown
from senders.errors import RETRYABLE
from senders.limits import TokenBucket

LEASE = timedelta(seconds=90)
MOST_ATTEMPTS = 5
_CLAIM_SECONDS = 0.2  # a kill leaves as many messages in doubt as were claimed: claim little
_LAST_BACKOFF = 3600.0


class Lane:
    """Claims, sends and records the messages of one channel."""

    def __init__(
        self, engine: sa.Engine, sender: Sender, links: Links, worker: str, clock: Callable[[], datetime]
    ) -> None:
        self._engine, self._sender, self._links = engine, sender, links
        self._worker, self._clock = worker, clock
        self._bucket = TokenBucket(sender.rate)
        self._claim = max(1, min(500, round(sender.rate * _CLAIM_SECONDS)))
        self.recorded = 0

    @property
    def channel(self) -> Channel:
        """The lane's channel."""
        return self._sender.channel

    async def turn(self) -> int:
        """Claim one batch, send it, record every answer in one transaction; returns how many were claimed."""
        now = self._clock()
        with self._engine.begin() as connection:
            claimed = ledger.claim(
                connection, channel=self.channel, worker=self._worker, limit=self._claim, now=now, lease=LEASE
            )
            ready = [pair for message in claimed if (pair := self._prepare(connection, message, now))]
        if claimed:
            await self._send_all(ready)
        return len(claimed)

    async def resolve_doubts(self) -> int:
        """Send again what is in doubt, where the provider recognises a repeat; returns how many it settled."""
        if not self._sender.knows_repeats:
            return 0
        now = self._clock()
        with self._engine.begin() as connection:
            doubted = ledger.doubted(connection, self.channel, since=now - timedelta(hours=23))
            ready = [pair for message in doubted if (pair := self._prepare(connection, message, now))]
        await self._send_all(ready)
        return len(ready)

    def _prepare(self, connection: sa.Connection, message: Message, now: datetime) -> tuple[Message, Outgoing] | None:
        try:
            content = load_template(
                connection, message.template_id, message.channel, message.language, message.template_version
            )
            return message, compose(connection, message, content, self._links, now)
        except PermanentError as error:
            ledger.fail(
                connection,
                message.message_id,
                error_class=ErrorClass.PERMANENT_REQUEST,
                error_code="template",
                reason=str(error),
                at=now,
            )
            return None

    async def _send_all(self, ready: list[tuple[Message, Outgoing]]) -> None:
        places = asyncio.Semaphore(self._sender.concurrency)
        answers: list[tuple[Message, Answer | str | None]] = []

        async def one(message: Message, outgoing: Outgoing) -> None:
            async with places:
                await self._bucket.take()
                against = self._reason_against(message)
                # No await between that look and the write: an opt-out committed before it is always respected.
                answers.append((message, await self._sender.send(outgoing) if against == "" else against))

        await asyncio.gather(*(one(message, outgoing) for message, outgoing in ready))
        now = self._clock()
        with self._engine.begin() as connection:
            for message, answer in answers:
                self._record(connection, message, answer, now)

    def _reason_against(self, message: Message) -> str | None:
        """Say why not to send now: a suppression's reason; None when a hold stops it; "" when nothing does."""
        with reading(self._engine) as connection:
            held = campaigns.standing_holds(connection)
            scopes = {
                "all",
                f"channel:{message.channel}",
                f"campaign:{message.campaign_id}",
                f"template:{message.template_id}",
            }
            if scopes & held.keys():
                return None
            return (
                suppressions.reason_against(
                    connection,
                    channel=message.channel,
                    address=message.address,
                    contact_id=message.contact_id,
                    purpose=message.purpose,
                )
                or ""
            )

    def _record(self, connection: sa.Connection, message: Message, answer: Answer | str | None, now: datetime) -> None:
        self.recorded += 1
        key = message.message_id
        match answer:
            case None:
                ledger.release(connection, [key], now)
            case str():
                ledger.suppress(connection, key, reason=answer, at=now)
            case Accepted():
                ledger.accept(
                    connection, key, provider_message_id=answer.provider_message_id, at=now, held=answer.is_held
                )
            case Unknown():
                ledger.doubt(connection, key, reason=answer.reason, at=now)
            case NotSent():
                self._again(connection, message, Rejected(ErrorClass.TRANSIENT, "network", answer.reason), now)
            case Rejected():
                self._refused(connection, message, answer, now)

    def _refused(self, connection: sa.Connection, message: Message, answer: Rejected, now: datetime) -> None:
        error_class = ErrorClass(answer.error_class)
        if error_class in RETRYABLE:
            self._again(connection, message, answer, now)
            return
        if error_class in {ErrorClass.HALT_SENDER, ErrorClass.HALT_TEMPLATE}:
            is_sender = error_class is ErrorClass.HALT_SENDER
            scope = f"channel:{message.channel}" if is_sender else f"template:{message.template_id}"
            campaigns.set_hold(connection, scope, answer.reason, "senders", now)
            get_logger().error("sending halted", scope=scope, error_code=answer.error_code, reason=answer.reason)
            self._again(connection, message, answer, now)
            return
        ledger.fail(
            connection,
            message.message_id,
            error_class=error_class,
            error_code=answer.error_code,
            reason=answer.reason,
            at=now,
        )
        if error_class in {ErrorClass.PERMANENT_RECIPIENT, ErrorClass.SUPPRESS_MARKETING}:
            purpose = "marketing" if error_class is ErrorClass.SUPPRESS_MARKETING else suppressions.ALL
            suppressions.add(
                connection,
                channel=message.channel,
                address=message.address,
                contact_id=message.contact_id,
                purpose=purpose,
                reason=answer.reason,
                source="refused",
                now=now,
            )

    def _again(self, connection: sa.Connection, message: Message, answer: Rejected, now: datetime) -> None:
        if message.attempts + 1 >= MOST_ATTEMPTS:
            ledger.fail(
                connection,
                message.message_id,
                error_class=answer.error_class,
                error_code=answer.error_code,
                reason=f"gave up after {MOST_ATTEMPTS} attempts: {answer.reason}",
                at=now,
            )
            return
        seconds = answer.retry_after or min(_LAST_BACKOFF, 2.0 ** (2 * message.attempts)) * random.uniform(0.5, 1.5)  # noqa: S311 -- jitter
        ledger.postpone(
            connection,
            message.message_id,
            not_before=now + timedelta(seconds=seconds),
            reason=answer.reason,
            error_class=answer.error_class,
            error_code=answer.error_code,
            now=now,
        )
