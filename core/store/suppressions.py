"""Suppressions: whom we must not write to, by address or by person, for one purpose or all."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from core.ids import derived_id
from core.store.inbox import insert_ignore
from core.store.tables import suppressions
from core.store.times import raw_short_time

ALL = "all"


def add(
    connection: sa.Connection,
    *,
    channel: str,
    address: str | None,
    contact_id: str | None,
    purpose: str = ALL,
    reason: str,
    source: str,
    now: datetime,
    ends_at: datetime | None = None,
) -> str:
    """Suppress an address (or a whole contact when ``address`` is None). A repeat changes nothing.

    With ``ends_at`` it is a rest, which ``lift_ended`` lifts.
    """
    key = derived_id("suppression", channel, address or "", contact_id or "", purpose, source, now.isoformat())
    standing = sa.select(suppressions.c.suppression_id).where(
        suppressions.c.channel == channel,
        suppressions.c.address.is_not_distinct_from(address),
        suppressions.c.contact_id.is_not_distinct_from(contact_id),
        suppressions.c.purpose == purpose,
        suppressions.c.source == source,
        suppressions.c.lifted_at.is_(None),
    )
    if found := connection.execute(standing).scalar():
        return str(found)
    connection.execute(
        insert_ignore(connection, suppressions).values(
            suppression_id=key,
            channel=channel,
            address=address,
            contact_id=contact_id,
            purpose=purpose,
            reason=reason,
            source=source,
            created_at=now,
            lifted_at=None,
            updated_at=now,
            ends_at=ends_at,
        )
    )
    return key


def lift(
    connection: sa.Connection,
    *,
    channel: str,
    now: datetime,
    address: str | None = None,
    contact_id: str | None = None,
    purpose: str | None = None,
    sources: tuple[str, ...] | None = None,
) -> int:
    """End standing suppressions of an address or contact; returns how many."""
    if not address and not contact_id:
        raise ValueError("say whose suppression to lift: an address or a contact")
    whose = suppressions.c.address == address if address else suppressions.c.contact_id == contact_id
    statement = sa.update(suppressions).where(
        suppressions.c.channel == channel, whose, suppressions.c.lifted_at.is_(None)
    )
    if purpose is not None:
        statement = statement.where(suppressions.c.purpose == purpose)
    if sources is not None:
        statement = statement.where(suppressions.c.source.in_(sources))
    return connection.execute(statement.values(lifted_at=now, updated_at=now)).rowcount


def lift_one(connection: sa.Connection, suppression_id: str, *, source: str, now: datetime) -> bool:
    """End one that came from ``source``; False when there is none that stands."""
    is_it = sa.and_(
        suppressions.c.suppression_id == suppression_id,
        suppressions.c.source == source,
        suppressions.c.lifted_at.is_(None),
    )
    return bool(connection.execute(sa.update(suppressions).where(is_it).values(lifted_at=now, updated_at=now)).rowcount)


def lift_ended(connection: sa.Connection, now: datetime) -> int:
    """Lift rests whose time is over; returns how many. One that nobody lifts only keeps us silent for longer."""
    over = sa.and_(suppressions.c.lifted_at.is_(None), suppressions.c.ends_at <= now)
    return connection.execute(sa.update(suppressions).where(over).values(lifted_at=now, updated_at=now)).rowcount


_STANDING = sa.text("""
    select reason from suppressions
    where lifted_at is null and purpose in ('all', :purpose) and channel in ('all', :channel)
      and (address = :address or (address is null and contact_id = :contact_id))
    limit 1
""")


def reason_against(
    connection: sa.Connection, *, channel: str, address: str, contact_id: str, purpose: str
) -> str | None:
    """Say why this address or person must not be written to now, or None."""
    found = connection.execute(
        _STANDING, {"channel": channel, "address": address, "contact_id": contact_id, "purpose": purpose}
    ).scalar()
    return None if found is None else str(found)


def standing(connection: sa.Connection, contact_id: str, address: str | None) -> list[dict[str, Any]]:
    """Return every standing suppression of a person, or of an address."""
    theirs = sa.or_(
        sa.and_(suppressions.c.address.is_(None), suppressions.c.contact_id == contact_id),
        sa.and_(suppressions.c.address.is_not(None), suppressions.c.address == address),
    )
    found = connection.execute(sa.select(suppressions).where(theirs, suppressions.c.lifted_at.is_(None)))
    return [dict(row) for row in found.mappings()]


def all_standing(connection: sa.Connection) -> list[dict[str, Any]]:
    """Return every standing suppression, as rules ask about them."""
    c = suppressions.c
    query = sa.select(c.channel, c.address, c.contact_id, c.purpose, c.reason, c.source)
    return [dict(row) for row in connection.execute(query.where(c.lifted_at.is_(None))).mappings()]


# One look by address, one by person: each side has its index.
_AGAINST_CLAIMED = sa.text("""
    select m.message_id, s.reason
    from messages as m
    join suppressions as s on s.channel in ('all', m.channel) and s.address = m.address
    where m.status = 'claimed' and m.channel = :channel and m.claimed_at = :claimed_at and m.claimed_by = :worker
      and s.purpose in ('all', m.purpose) and s.lifted_at is null
    union all
    select m.message_id, s.reason
    from messages as m
    join suppressions as s on s.contact_id = m.contact_id and s.address is null
    where m.status = 'claimed' and m.channel = :channel and m.claimed_at = :claimed_at and m.claimed_by = :worker
      and s.channel in ('all', m.channel) and s.purpose in ('all', m.purpose) and s.lifted_at is null
""")


def against_claimed(connection: sa.Connection, channel: str, worker: str, claimed_at: datetime) -> dict[str, str]:
    """Return message ids that must not go out, with the reason, among those a worker claimed at a moment."""
    values = {"channel": channel, "worker": worker, "claimed_at": raw_short_time(connection, claimed_at)}
    return {row[0]: row[1] for row in connection.execute(_AGAINST_CLAIMED, values)}
