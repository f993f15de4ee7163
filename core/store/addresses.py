"""Channel addresses the CRM does not have, each with where we know it from; only confirmed ones are written to."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from core.store import ledger
from core.store.inbox import insert_ignore
from core.store.tables import channel_addresses, conversations, messages

_table = channel_addresses.c


def confirm(connection: sa.Connection, contact_id: str, channel: str, address: str, source: str, now: datetime) -> None:
    """Record that an address certainly belongs to a contact, and whose the conversation there is."""
    values = {"state": "confirmed", "source": source, "confidence": 1.0, "confirmed_at": now, "updated_at": now}
    key = {"contact_id": contact_id, "channel": channel, "address": address}
    updated = connection.execute(
        sa.update(channel_addresses).where(*_is(contact_id, channel), _table.address == address).values(**values)
    )
    if not updated.rowcount:
        connection.execute(insert_ignore(connection, channel_addresses).values(**key, **values))
    there = conversations.c
    strangers = sa.and_(there.channel == channel, there.address == address, there.contact_id.is_(None))
    connection.execute(sa.update(conversations).where(strangers).values(contact_id=contact_id, updated_at=now))


def is_confirmed(connection: sa.Connection, contact_id: str, channel: str, address: str) -> bool:
    """Say whether an address is known to be a contact's, and may be written to."""
    found = sa.select(_table.address).where(
        *_is(contact_id, channel), _table.address == address, _table.state == "confirmed"
    )
    return connection.execute(found).first() is not None


def revoke(connection: sa.Connection, contact_id: str, channel: str, *, reason: str, now: datetime) -> list[str]:
    """Say that a contact's addresses on a channel are theirs no more, cancel what goes there; returns the addresses."""
    taken = sa.update(channel_addresses).where(*_is(contact_id, channel), _table.state != "revoked")
    values = {"state": "revoked", "confidence": 0.0, "updated_at": now}
    found = sorted(connection.execute(taken.values(**values).returning(_table.address)).scalars())
    planned = sa.select(messages.c.message_id).where(
        ledger.IS_PLANNED,
        messages.c.channel == channel,
        messages.c.contact_id == contact_id,
        messages.c.address.in_(found),
    )
    for message_id in connection.execute(planned).scalars().all():
        ledger.cancel(connection, message_id, reason=reason, at=now)
    return found


def known(connection: sa.Connection, contact_id: str) -> list[dict[str, Any]]:
    """Return every address that is or was a contact's, with state, source and confidence."""
    query = sa.select(
        _table.channel,
        _table.address,
        _table.state,
        _table.source,
        _table.confidence,
        _table.confirmed_at,
        _table.updated_at,
    ).where(_table.contact_id == contact_id)
    return [dict(row) for row in connection.execute(query.order_by(_table.channel, _table.address)).mappings()]


def mark_blocked(connection: sa.Connection, channel: str, address: str, now: datetime) -> None:
    """Record that the person behind an address blocked us there."""
    _move(connection, channel, address, "confirmed", "blocked", now)


def mark_reachable(connection: sa.Connection, channel: str, address: str, now: datetime) -> None:
    """Record that a blocked address follows us again."""
    _move(connection, channel, address, "blocked", "confirmed", now)


def _move(connection: sa.Connection, channel: str, address: str, before: str, after: str, now: datetime) -> None:
    there = sa.and_(_table.channel == channel, _table.address == address, _table.state == before)
    connection.execute(sa.update(channel_addresses).where(there).values(state=after, updated_at=now))


def _is(contact_id: str, channel: str) -> tuple[sa.ColumnElement[bool], ...]:
    return _table.contact_id == contact_id, _table.channel == channel
