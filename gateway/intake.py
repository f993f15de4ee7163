"""Durable before 200: one writer thread commits many deliveries together, each kept apart from the others' faults."""

import asyncio
import hashlib
import queue
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from core.crm_notices import read_notice
from core.errors import PermanentError, TransientError
from core.logs import get_logger
from core.metrics import meters
from core.settings import Settings
from core.store import addresses, effects, events, inbox
from core.store.events import Event
from core.vocabulary import Channel, EventType
from senders.email import events as email_events
from senders.inbound import PartlyUnderstoodError
from senders.line import events as line_events
from senders.whatsapp import events as whatsapp_events

_MOST_WAITING = 2000
_MOST_TOGETHER = 200
_LINE_CODE = re.compile(r"\bBMA-[A-Z0-9]{8}\b")
_READ_LATER = frozenset({"crm"})  # says what to read: it waits until the pipeline has read that
_KEPT_HEADERS = ("content-type", "user-agent", "x-request-id")


@dataclass
class Delivery:
    """One thing to write: a raw body to translate, or events already known."""

    source: str
    body: bytes
    headers: dict[str, str]
    received_at: datetime
    dedup_key: str = ""
    done: "asyncio.Future[bool] | None" = None
    loop: asyncio.AbstractEventLoop | None = None
    is_new: bool = field(default=False)

    def answer(self, error: Exception | None = None) -> None:
        """Wake the request that waits."""
        if self.done is None or self.loop is None:
            return
        future = self.done
        self.loop.call_soon_threadsafe(lambda: _settle(future, self.is_new, error))


def _settle(future: "asyncio.Future[bool]", is_new: bool, error: Exception | None) -> None:  # noqa: FBT001
    if future.done():
        return
    if error is None:
        future.set_result(is_new)
    else:
        future.set_exception(error)


class Intake:
    """The writer thread and its queue."""

    def __init__(self, engine: sa.Engine, settings: Settings) -> None:
        self._engine = engine
        self._translate = translator(settings)
        self._queue: queue.Queue[Delivery | None] = queue.Queue(_MOST_WAITING)
        self._thread = threading.Thread(target=self._write_until_stopped, name="intake", daemon=True)

    def start(self) -> None:
        """Start the writer."""
        self._thread.start()

    @property
    def is_running(self) -> bool:
        """Whether what is taken will be written."""
        return self._thread.is_alive()

    def stop(self) -> None:
        """Write what waits, then end."""
        self._queue.put(None)
        self._thread.join(timeout=30)

    async def take(self, source: str, body: bytes, headers: dict[str, str], received_at: datetime) -> bool:
        """Return after the delivery is committed: True when it was new.

        Raises TransientError when the store is too slow or away: the sender should try again.
        """
        loop = asyncio.get_running_loop()
        delivery = Delivery(
            source,
            body,
            {name: value for name, value in headers.items() if name in _KEPT_HEADERS},
            received_at,
            hashlib.sha256(body).hexdigest(),
            loop.create_future(),
            loop,
        )
        try:
            self._queue.put_nowait(delivery)
        except queue.Full as error:
            raise TransientError("too many deliveries wait to be written") from error
        assert delivery.done is not None  # noqa: S101 -- made above
        return await delivery.done

    def _write_until_stopped(self) -> None:
        while (first := self._queue.get()) is not None:
            together = [first]
            while len(together) < _MOST_TOGETHER:
                try:
                    following = self._queue.get_nowait()
                except queue.Empty:
                    break
                if following is None:
                    self._queue.put(None)
                    break
                together.append(following)
            self._write(together)

    def _write(self, together: list[Delivery]) -> None:
        try:
            with self._engine.begin() as connection:
                for delivery in together:
                    keep(connection, delivery, self._translate)
        except SQLAlchemyError as error:
            get_logger().error("store does not take deliveries", error=str(error))
            for delivery in together:
                delivery.answer(TransientError("the store does not answer"))
            return
        for delivery in together:
            delivery.answer()


Translate = Callable[[str, bytes, datetime], list[Event]]


def translator(settings: Settings) -> Translate:
    """Return the function that puts a source's raw body into our words."""
    link_secret = settings.link_secret.get_secret_value()

    def translate(source: str, body: bytes, received_at: datetime) -> list[Event]:
        if source == "whatsapp":
            return whatsapp_events.translate(body, received_at=received_at)
        if source == "line":
            return line_events.translate(body, received_at=received_at)
        if source == "email":
            return email_events.translate(body, received_at=received_at, link_secret=link_secret)
        if source == "crm":
            read_notice(body)
        return []

    return translate


def keep(connection: sa.Connection, delivery: Delivery, translate: Translate) -> None:
    """Store one delivery once, record its events and apply their effects; what it breaks is its own."""
    inbox_id = inbox.append(
        connection,
        source=delivery.source,
        dedup_key=delivery.dedup_key,
        headers=delivery.headers,
        body=delivery.body,
        received_at=delivery.received_at,
    )
    if inbox_id is None:
        return
    delivery.is_new = True
    at = delivery.received_at
    _apply(connection, inbox_id, delivery.source, delivery.body, translate, received_at=at, now=at)


def _apply(
    connection: sa.Connection,
    inbox_id: int,
    source: str,
    body: bytes,
    translate: Translate,
    *,
    received_at: datetime,
    now: datetime,
) -> bool:
    """Return True when all of it was understood; what was not stays in the inbox for replay, with the reason."""
    reason = ""
    try:
        with connection.begin_nested():
            try:
                found = translate(source, body, received_at)
            except PartlyUnderstoodError as error:
                found, reason = error.understood, str(error)
            for event in events.record(connection, found, received_at=received_at, now=now, inbox_id=inbox_id):
                meters().events.labels(str(event.channel), str(event.event_type)).inc()
                effects.apply(connection, event, now)
                _link(connection, event, now)
    except (PermanentError, ValueError) as error:
        reason = str(error)
    if not reason:
        if source in _READ_LATER:
            inbox.mark_received(connection, inbox_id)
        else:
            inbox.mark_applied(connection, inbox_id, now)
        return True
    inbox.mark_rejected(connection, inbox_id, reason, now)
    get_logger().error("delivery kept for replay", source=source, inbox_id=inbox_id, reason=reason)
    return False


def _link(connection: sa.Connection, event: Event, now: datetime) -> None:
    if event.channel is Channel.LINE and event.event_type is EventType.REPLIED and event.address:
        for code in _LINE_CODE.findall(str(event.detail.get("text", "")).upper()):
            addresses.redeem_line_code(connection, code, event.address, now)


def record_now(engine: sa.Engine, event: Event, now: datetime) -> bool:
    """Record one event of our own doors (tracking, unsubscribe) with its effects; True when it was new."""
    with engine.begin() as connection:
        new = events.record(connection, [event], received_at=now, now=now)
        for found in new:
            meters().events.labels(str(found.channel), str(found.event_type)).inc()
            effects.apply(connection, found, now)
    return bool(new)


def replay_rejected(engine: sa.Engine, settings: Settings, *, now: datetime) -> dict[str, Any]:
    """Translate every rejected delivery again; returns how many are understood now and how many still not."""
    translate = translator(settings)
    counted = {"applied": 0, "rejected": 0}
    with engine.begin() as connection:
        for row in inbox.rows(connection, "rejected", limit=10_000):
            understood = _apply(
                connection,
                row["inbox_id"],
                row["source"],
                row["body"],
                translate,
                received_at=row["received_at"],
                now=now,
            )
            counted["applied" if understood else "rejected"] += 1
    return counted
