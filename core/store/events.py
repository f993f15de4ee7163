"""Events: provider-neutral facts, each recorded once however often the provider repeats it."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import orjson
import sqlalchemy as sa

from core.store.many import Find, Insert
from core.store.times import json_time
from core.vocabulary import Actor, Channel, EventType


class Event(NamedTuple):
    """One thing that happened. ``event_id`` derives from the provider's own key; times are UTC."""

    event_id: str
    channel: Channel
    event_type: EventType
    occurred_at: datetime
    provider_event_type: str
    message_id: str | None = None
    contact_id: str | None = None
    provider_message_id: str | None = None
    address: str | None = None
    link_id: str | None = None
    actor: Actor = Actor.UNKNOWN
    classifier_version: str | None = None
    detail: Mapping[str, Any] = {}


class Found(NamedTuple):
    """An event in the delivery that told it; ``received_at`` is when that came to us."""

    event: Event
    received_at: datetime
    inbox_id: int | None = None


def record(
    connection: sa.Connection,
    found: Iterable[Event],
    *,
    received_at: datetime,
    now: datetime,
    inbox_id: int | None = None,
) -> list[Event]:
    """Record one delivery's events as ``record_all`` does."""
    return record_all(connection, [Found(event, received_at, inbox_id) for event in found], now=now)


_INSERT = Insert(
    "events",
    "event_id",
    "event_id",
    event_id="text",
    message_id="text",
    contact_id="text",
    channel="text",
    event_type="text",
    provider_event_type="text",
    provider_message_id="text",
    address="text",
    link_id="text",
    actor="text",
    classifier_version="text",
    detail="json",
    inbox_id="bigint",
    occurred_at="time",
    received_at="time",
    recorded_at="time",
)


def record_all(connection: sa.Connection, found: Sequence[Found], *, now: datetime) -> list[Event]:
    """Insert events, ignore repeats, and return the new ones with message and contact filled in, in their order.

    ``now``, which the journal reads by, is later than when they came to us when they are replayed.
    """
    firsts = list({each.event.event_id: each for each in reversed(found)}.values())[::-1]
    if not firsts:
        return []
    known = resolve(connection, [each.event for each in firsts])
    rows = list(_rows(connection, firsts, known, json_time(connection, now)))
    new = {event_id for (event_id,) in _INSERT.put(connection, rows)}
    return [event for event in known if event.event_id in new]


def _rows(
    connection: sa.Connection, found: Sequence[Found], known: Sequence[Event], now: str | float
) -> Iterator[Sequence[Any]]:
    for (_, received_at, inbox_id), event in zip(found, known, strict=True):
        yield (
            event.event_id,
            event.message_id,
            event.contact_id,
            event.channel,
            event.event_type,
            event.provider_event_type,
            event.provider_message_id,
            event.address,
            event.link_id,
            event.actor,
            event.classifier_version,
            _as_json(event.detail) if event.detail else "{}",
            inbox_id,
            json_time(connection, event.occurred_at),
            json_time(connection, received_at),
            now,
        )


def _as_json(detail: Mapping[str, Any]) -> str:
    try:
        return orjson.dumps(detail).decode()
    except TypeError:  # half a character: named by its escape
        return json.dumps(detail)


_BY_ID = Find(
    """
    select message.message_id, message.contact_id, message.address
    from {given}
    inner join messages as message on message.message_id = given.message_id
    """,
    "message_id",
)
_BY_PROVIDER = Find(
    """
    select message.channel, message.provider_message_id, message.message_id, message.contact_id, message.address
    from {given}
    inner join messages as message
        on message.provider_message_id = given.provider_message_id and message.channel = given.channel
    """,
    "channel",
    "provider_message_id",
)
_PARENTS = Find(
    """
    select message.message_id, message.traceparent
    from {given}
    inner join messages as message on message.message_id = given.message_id
    where message.traceparent is not null
    """,
    "message_id",
)
# Who confirmed the address, else whom we wrote to there last.
_BY_ADDRESS = Find(
    """
    select given.channel, given.address, coalesce(
        (
            select known.contact_id from channel_addresses as known
            where known.channel = given.channel and known.address = given.address and known.state <> 'revoked'
            order by known.confidence desc limit 1
        ),
        (
            select message.contact_id from messages as message
            where message.channel = given.channel and message.address = given.address
            order by message.planned_at desc limit 1
        )
    ) as contact_id
    from {given}
    """,
    "channel",
    "address",
)


def resolve(connection: sa.Connection, found: Sequence[Event]) -> list[Event]:
    """Find each event's message (by our id, then the provider's) and person (by message, then address)."""
    ids = {event.message_id for event in found if event.message_id}
    by_id = {row[0]: row for row in _BY_ID.find(connection, [(each,) for each in ids])} if ids else {}
    pairs = {
        (event.channel, event.provider_message_id)
        for event in found
        if event.provider_message_id and event.message_id not in by_id
    }
    by_provider = {(row[0], row[1]): row[2:] for row in _BY_PROVIDER.find(connection, pairs)} if pairs else {}
    with_message = [
        _with_message(event, by_id.get(event.message_id) or by_provider.get((event.channel, event.provider_message_id)))
        for event in found
    ]
    strangers = {(event.channel, event.address) for event in with_message if event.address and not event.contact_id}
    people = {(row[0], row[1]): row[2] for row in _BY_ADDRESS.find(connection, strangers)} if strangers else {}
    return [
        event if event.contact_id else event._replace(contact_id=people.get((event.channel, event.address)))
        for event in with_message
    ]


def trace_parents(connection: sa.Connection, found: Sequence[Event]) -> dict[str, str]:
    """Return the ``traceparent`` of the events' messages, by message id, of those that have one."""
    ids = {event.message_id for event in found if event.message_id}
    return dict(map(tuple, _PARENTS.find(connection, [(each,) for each in ids]))) if ids else {}


def _with_message(event: Event, row: Sequence[str] | None) -> Event:
    if row is None:
        return event._replace(message_id=None) if event.message_id else event
    message_id, contact_id, address = row
    return event._replace(
        message_id=message_id,
        contact_id=event.contact_id or contact_id,
        address=event.address or address,
    )
