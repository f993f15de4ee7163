"""What a delivery does to the store: kept once, translated, recorded with its effects, in one transaction for many."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError, OperationalError

from core import traces
from core.crm_notices import read_notice
from core.errors import PermanentError
from core.logs import get_logger
from core.metrics import meters
from core.settings import Settings
from core.store import effects, events, inbox, line_links, provider_word
from core.store.events import Event, Found
from core.store.inbox import Raw
from gateway.answers import Answer
from senders.email import events as email_events
from senders.inbound import CodeGiven, Heard, PartlyUnderstoodError, ProviderWord, fault
from senders.line import events as line_events
from senders.whatsapp import events as whatsapp_events

_READ_LATER = frozenset({"crm"})  # says what to read: it waits until the pipeline has read that
_REPLAYED_TOGETHER = 500
Translate = Callable[[str, bytes, datetime], Sequence[Heard]]


@dataclass(slots=True)
class Known:
    """Something that came in: a raw delivery to translate, or events of our own doors."""

    raw: Raw | None
    heard: Sequence[Heard] = ()
    inbox_id: int | None = None
    is_new: bool = False
    reason: str = ""  # why not all of it was understood
    answers: list[Answer] = field(default_factory=list)  # what is owed to who gave a code, once it is committed

    @property
    def source(self) -> str:
        """Who sent it."""
        return self.raw.source if self.raw else "tracking"

    @property
    def events(self) -> list[Event]:
        """What happened to messages and people."""
        return [each for each in self.heard if isinstance(each, Event)]


def translator(settings: Settings) -> Translate:
    """Return the function that puts a source's raw body into our words."""
    link_secret = settings.link_secret.get_secret_value()

    def translate(source: str, body: bytes, received_at: datetime) -> Sequence[Heard]:
        if source == "whatsapp":
            return whatsapp_events.translate(body, received_at=received_at)
        if source == "line":
            return line_events.translate(body, received_at=received_at, link_secret=link_secret)
        if source == "email":
            return email_events.translate(body, received_at=received_at, link_secret=link_secret)
        if source == "crm":
            read_notice(body)
        return []

    return translate


def keep(
    connection: sa.Connection, group: Sequence[Known], translate: Translate, now: datetime, *, is_careful: bool
) -> None:
    """Store each delivery once, record the events and apply their effects.

    What one breaks is its own with ``is_careful``; without, which costs less, it is raised.
    """
    raws = [each.raw for each in group if each.raw is not None]
    ids = iter(inbox.append_all(connection, raws))
    for each in group:
        if each.raw is not None:
            each.inbox_id = next(ids)
            each.is_new = each.inbox_id is not None
    new = [each for each in group if each.raw is None or each.is_new]
    _apply(connection, new, translate, now, _record if is_careful else _record_together)


def _apply(
    connection: sa.Connection,
    group: Sequence[Known],
    translate: Translate,
    now: datetime,
    record: Callable[[sa.Connection, Sequence[Known], datetime], None],
) -> None:
    for each in group:
        if each.raw is not None:
            each.heard, each.reason = _understand(each.raw, translate)
    record(connection, group, now)
    for each in group:
        if each.inbox_id is None:
            continue
        if each.reason:
            inbox.mark_rejected(connection, each.inbox_id, each.reason, now)
            get_logger().error(
                "delivery kept for replay", source=each.source, inbox_id=each.inbox_id, reason=each.reason
            )
        elif each.source in _READ_LATER:
            inbox.mark_received(connection, each.inbox_id)


def _understand(raw: Raw, translate: Translate) -> tuple[Sequence[Heard], str]:
    """Return what a delivery says, and why some of it says nothing."""
    try:
        return translate(raw.source, raw.body, raw.received_at), ""
    except PartlyUnderstoodError as error:
        return error.understood, str(error)
    except PermanentError as error:
        return (), str(error)
    except Exception as error:  # noqa: BLE001 -- whatever a stranger's body breaks, the delivery is kept
        return (), fault(error)


def _record(connection: sa.Connection, group: Sequence[Known], now: datetime) -> None:
    """Record a group's events with their effects; when that fails, each delivery's by itself."""
    try:
        with connection.begin_nested():
            _record_together(connection, group, now)
    except OperationalError:
        raise  # the store is away: nobody's fault here
    except (DBAPIError, ValueError) as error:
        if len(group) > 1:
            for each in group:
                _record(connection, [each], now)
        else:
            group[0].reason = fault(error)


def _record_together(connection: sa.Connection, group: Sequence[Known], now: datetime) -> None:
    found = [
        Found(event, each.raw.received_at if each.raw else event.occurred_at, each.inbox_id)
        for each in group
        for event in each.events
    ]
    new = events.record_all(connection, found, now=now)
    effects.apply_all(connection, new, now)
    told = {event.event_id for event in new}
    for labels, number in Counter((str(event.channel), str(event.event_type)) for event in new).items():
        meters().events.labels(*labels).inc(number)
    if traces.is_on():
        _trace(connection, new)
    for each in group:
        each.answers.clear()  # of an attempt that was rolled back
        for word in each.heard:
            if isinstance(word, ProviderWord):
                _obey(connection, word, now)
            elif isinstance(word, CodeGiven) and word.event_id in told:
                each.answers.append(_link(connection, word, now))
        if each.raw is None:
            each.is_new = any(event.event_id in told for event in each.events)


def _trace(connection: sa.Connection, new: Sequence[Event]) -> None:
    """Show each event in the trace of its message."""
    parents = events.trace_parents(connection, new)
    for event in new:
        if parent := parents.get(event.message_id or ""):
            said = {"message_id": event.message_id, "channel": event.channel, "event_type": event.event_type}
            with traces.span("hear", parents=[parent], **said):
                pass


def _obey(connection: sa.Connection, word: ProviderWord, now: datetime) -> None:
    reason = f"{word.channel} says: {word.says}"
    held: list[str] = []
    if word.status:
        place = (word.channel, word.name, word.language)
        held = provider_word.template_is(connection, *place, word.status, reason, now)
    if word.must_stop:
        provider_word.account_must_stop(connection, word.channel, reason, now)
    tell = get_logger().info if word.status == "approved" else get_logger().error
    tell("a word of the provider", channel=word.channel, says=word.says, template=word.name, ours=held)


def _link(connection: sa.Connection, given: CodeGiven, now: datetime) -> Answer:
    result = line_links.redeem(
        connection, given.code_hash, given.address, event_id=given.event_id, at=given.occurred_at, now=now
    )
    get_logger().info("a code was given on LINE", result=result)
    return Answer(given.reply_token, result)


def replay(engine: sa.Engine, settings: Settings, *, now: datetime) -> dict[str, Any]:
    """Translate every rejected delivery again; returns how many are understood now and how many still not."""
    translate = translator(settings)
    counted = {"applied": 0, "rejected": 0}
    after = 0
    while rows := _rejected(engine, after):
        after = rows[-1]["inbox_id"]
        with engine.begin() as connection:
            group = [_again(row) for row in rows]
            _apply(connection, group, translate, now, _record)
            for each in group:
                counted["rejected" if each.reason else "applied"] += 1
                if each.inbox_id is not None and not each.reason and each.source not in _READ_LATER:
                    inbox.mark_applied(connection, each.inbox_id, now)
    return counted


def _rejected(engine: sa.Engine, after: int) -> list[dict[str, Any]]:
    with engine.connect() as connection:
        return inbox.rows(connection, "rejected", limit=_REPLAYED_TOGETHER, after=after)


def _again(row: Mapping[str, Any]) -> Known:
    raw = Raw(row["source"], row["dedup_key"], row["headers"], row["body"], row["received_at"])
    return Known(raw, inbox_id=row["inbox_id"], is_new=True)
