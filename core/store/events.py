"""Events: provider-neutral facts, each recorded once however often the provider repeats it."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from core.store.inbox import insert_ignore
from core.store.tables import channel_addresses, events, messages
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


def record(
    connection: sa.Connection,
    found: Iterable[Event],
    *,
    received_at: datetime,
    now: datetime,
    inbox_id: int | None = None,
) -> list[Event]:
    """Insert events, ignore repeats, and return the new ones with message and contact filled in.

    ``received_at`` is when they came to us; ``now``, which the journal reads by, is later when they are replayed.
    """
    new = []
    for event in found:
        known = resolve(connection, event)
        statement = insert_ignore(connection, events).values(
            **asdict(known), inbox_id=inbox_id, received_at=received_at, recorded_at=now
        )
        if connection.execute(statement.returning(events.c.event_id)).scalar_one_or_none():
            new.append(known)
    return new


def resolve(connection: sa.Connection, event: Event) -> Event:
    """Find the message (by our id, then the provider's) and the person (by message, then address)."""
    row = _message_of(connection, event)
    if row is not None:
        return replace(
            event,
            message_id=row.message_id,
            contact_id=event.contact_id or row.contact_id,
            address=event.address or row.address,
        )
    event = replace(event, message_id=None)
    if event.contact_id or not event.address:
        return event
    return replace(event, contact_id=_contact_at(connection, event.channel, event.address))


def _message_of(connection: sa.Connection, event: Event) -> Any:
    columns = sa.select(messages.c.message_id, messages.c.contact_id, messages.c.address)
    if event.message_id:
        row = connection.execute(columns.where(messages.c.message_id == event.message_id)).first()
        if row is not None:
            return row
    if not event.provider_message_id:
        return None
    return connection.execute(
        columns.where(messages.c.channel == event.channel, messages.c.provider_message_id == event.provider_message_id)
    ).first()


def _contact_at(connection: sa.Connection, channel: str, address: str) -> str | None:
    confirmed = (
        sa.select(channel_addresses.c.contact_id)
        .where(
            channel_addresses.c.channel == channel,
            channel_addresses.c.address == address,
        )
        .order_by(channel_addresses.c.confidence.desc())
        .limit(1)
    )
    written_to = (
        sa.select(messages.c.contact_id)
        .where(
            messages.c.channel == channel,
            messages.c.address == address,
        )
        .order_by(messages.c.planned_at.desc())
        .limit(1)
    )
    return connection.execute(confirmed).scalar() or connection.execute(written_to).scalar()
