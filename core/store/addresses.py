"""Channel addresses the CRM does not have: a LINE user proves to be a contact with a one-time code."""

import secrets
from datetime import datetime

import sqlalchemy as sa

from core.store.inbox import insert_ignore
from core.store.tables import channel_addresses, line_codes
from core.vocabulary import Channel

_ALPHABET = "ABCDEFGHJKMNPQRSTVWXYZ23456789"  # no letters that people mistake for digits


def issue_line_code(connection: sa.Connection, contact_id: str, now: datetime) -> str:
    """Make a code such as ``BMA-7KQ2M9XD`` for a contact to send to our LINE account once."""
    code = "BMA-" + "".join(secrets.choice(_ALPHABET) for _ in range(8))
    connection.execute(sa.insert(line_codes).values(code=code, contact_id=contact_id, issued_at=now))
    return code


def redeem_line_code(connection: sa.Connection, code: str, line_user_id: str, now: datetime) -> str | None:
    """Confirm the LINE user as the code's contact; returns the contact, or None for an unknown or used code."""
    statement = (
        sa.update(line_codes)
        .where(line_codes.c.code == code.upper(), line_codes.c.redeemed_at.is_(None))
        .values(redeemed_at=now)
        .returning(line_codes.c.contact_id)
    )
    contact_id = connection.execute(statement).scalar_one_or_none()
    if contact_id is not None:
        confirm(connection, contact_id, Channel.LINE, line_user_id, "line_code", now)
    return contact_id


def confirm(connection: sa.Connection, contact_id: str, channel: str, address: str, source: str, now: datetime) -> None:
    """Record that an address certainly belongs to a contact."""
    values = {"state": "confirmed", "source": source, "confidence": 1.0, "confirmed_at": now, "updated_at": now}
    key = {"contact_id": contact_id, "channel": channel, "address": address}
    table = channel_addresses.c
    updated = connection.execute(
        sa.update(channel_addresses)
        .where(table.contact_id == contact_id, table.channel == channel, table.address == address)
        .values(**values)
    )
    if not updated.rowcount:
        connection.execute(insert_ignore(connection, channel_addresses).values(**key, **values))


def mark_blocked(connection: sa.Connection, channel: str, address: str, now: datetime) -> None:
    """Record that the person behind an address blocked us there."""
    connection.execute(
        sa.update(channel_addresses)
        .where(
            channel_addresses.c.channel == channel,
            channel_addresses.c.address == address,
        )
        .values(state="blocked", updated_at=now)
    )


def mark_reachable(connection: sa.Connection, channel: str, address: str, now: datetime) -> None:
    """Record that a blocked address follows us again."""
    connection.execute(
        sa.update(channel_addresses)
        .where(
            channel_addresses.c.channel == channel,
            channel_addresses.c.address == address,
            channel_addresses.c.state == "blocked",
        )
        .values(state="confirmed", updated_at=now)
    )
