"""Events: provider-neutral facts, each recorded once however often the provider repeats it."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa

from core.store.many import Insert, find, statements
from core.store.times import json_time
from core.vocabulary import Actor, Channel, EventType


@dataclass(frozen=True, kw_only=True)
class Event:
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
    detail: dict[str, Any] = field(default_factory=dict)


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
    "event_id, message_id, contact_id, channel, event_type, provider_event_type, provider_message_id, address, "
    "link_id, actor, classifier_version, detail, inbox_id, occurred_at, received_at, recorded_at",
    """
    select given.value ->> 0, given.value ->> 1, given.value ->> 2, given.value ->> 3, given.value ->> 4,
        given.value ->> 5, given.value ->> 6, given.value ->> 7, given.value ->> 8, given.value ->> 9,
        given.value ->> 10, cast(given.value ->> 11 as {json}), cast(given.value ->> 12 as bigint),
        cast(given.value ->> 13 as {time}), cast(given.value ->> 14 as {time}), cast(:now as {time})
    from {given} where true
    """,
    "event_id, null",
)


def record_all(connection: sa.Connection, found: Sequence[Found], *, now: datetime) -> list[Event]:
    """Insert events, ignore repeats, and return the new ones with message and contact filled in, in their order.

    ``now``, which the journal reads by, is later than when they came to us when they are replayed.
    """
    firsts = list({each.event.event_id: each for each in reversed(found)}.values())[::-1]
    if not firsts:
        return []
    known = resolve(connection, [each.event for each in firsts])
    rows = _rows(connection, firsts, known)
    new = {event_id for event_id, _ in _INSERT.put(connection, rows, now=json_time(connection, now))}
    return [event for event in known if event.event_id in new]


def _rows(connection: sa.Connection, found: Sequence[Found], known: Sequence[Event]) -> Iterator[Sequence[Any]]:
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
            json.dumps(event.detail) if event.detail else "{}",
            inbox_id,
            json_time(connection, event.occurred_at),
            json_time(connection, received_at),
        )


_BY_ID = statements("select {list[message_id, contact_id, address]} from messages where message_id in ({keys})")
_BY_PROVIDER = statements("""
    select {list[message.channel, message.provider_message_id, message.message_id, message.contact_id, message.address]}
    from {given}
    inner join messages as message
        on message.provider_message_id = given.value ->> 1 and message.channel = given.value ->> 0
""")
_PARENTS = statements(
    "select {list[message_id, traceparent]} from messages where traceparent is not null and message_id in ({keys})"
)
# Who confirmed the address, else whom we wrote to there last.
_BY_ADDRESS = statements("""
    select {list[channel, address, contact_id]} from (
        select given.value ->> 0 as channel, given.value ->> 1 as address, coalesce(
            (
                select known.contact_id from channel_addresses as known
                where known.channel = given.value ->> 0 and known.address = given.value ->> 1
                    and known.state <> 'revoked'
                order by known.confidence desc limit 1
            ),
            (
                select message.contact_id from messages as message
                where message.channel = given.value ->> 0 and message.address = given.value ->> 1
                order by message.planned_at desc limit 1
            )
        ) as contact_id
        from {given}
    ) as people
""")


def resolve(connection: sa.Connection, found: Sequence[Event]) -> list[Event]:
    """Find each event's message (by our id, then the provider's) and person (by message, then address)."""
    ids = {event.message_id for event in found if event.message_id}
    by_id = {row[0]: row for row in find(connection, _BY_ID, ids)} if ids else {}
    pairs = {
        (event.channel, event.provider_message_id)
        for event in found
        if event.provider_message_id and event.message_id not in by_id
    }
    by_provider = {(row[0], row[1]): row[2:] for row in find(connection, _BY_PROVIDER, pairs)} if pairs else {}
    with_message = [
        _with_message(event, by_id.get(event.message_id) or by_provider.get((event.channel, event.provider_message_id)))
        for event in found
    ]
    strangers = {(event.channel, event.address) for event in with_message if event.address and not event.contact_id}
    people = {(row[0], row[1]): row[2] for row in find(connection, _BY_ADDRESS, strangers)} if strangers else {}
    return [
        event if event.contact_id else replace(event, contact_id=people.get((event.channel, event.address)))
        for event in with_message
    ]


def trace_parents(connection: sa.Connection, found: Sequence[Event]) -> dict[str, str]:
    """Return the ``traceparent`` of the events' messages, by message id, of those that have one."""
    ids = {event.message_id for event in found if event.message_id}
    return dict(find(connection, _PARENTS, ids)) if ids else {}


def _with_message(event: Event, row: Sequence[str] | None) -> Event:
    if row is None:
        return replace(event, message_id=None) if event.message_id else event
    message_id, contact_id, address = row
    return replace(
        event,
        message_id=message_id,
        contact_id=event.contact_id or contact_id,
        address=event.address or address,
    )
