"""Lanes: a provider account is owned by one worker at a time, and what it must remember outlives the worker."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import sqlalchemy as sa

from core.store.inbox import insert_ignore
from core.store.ledger import FAR_AHEAD, IS_CLAIMED, IS_IN_DOUBT
from core.store.tables import lanes, mail_domains, messages
from core.store.times import raw_time

LEASE = timedelta(seconds=60)
_DAY = timedelta(hours=24)
_SET_BACK = timedelta(hours=2)  # more than anybody sets a clock back


class LaneMemory(NamedTuple):
    """What a lane's last owner knew: times are UTC, ``failures`` those in a row without an answer."""

    next_at: datetime | None
    paused_until: datetime | None
    pause_reason: str | None
    failures: int


def own(connection: sa.Connection, channel: str, worker: str, now: datetime) -> LaneMemory | None:
    """Take or renew the lease on a lane and return what it remembers; None while another worker has it.

    A lease far ahead was written by a clock that has been set back since: it is over.
    """
    is_free = sa.or_(lanes.c.owner.in_((worker, "")), lanes.c.lease_until < now, lanes.c.lease_until > now + FAR_AHEAD)
    epoch = sa.case((lanes.c.owner == worker, lanes.c.epoch), else_=lanes.c.epoch + 1)
    lease = {"owner": worker, "lease_until": now + LEASE, "updated_at": now}
    # a pause written by a clock that has been set back since would last as much longer
    paused = sa.case((lanes.c.updated_at > now + FAR_AHEAD, None), else_=lanes.c.paused_until)
    memory = (lanes.c.next_at, lanes.c.paused_until, lanes.c.pause_reason, lanes.c.failures)
    taken = (
        sa.update(lanes)
        .where(lanes.c.channel == channel, is_free)
        .values(epoch=epoch, paused_until=paused, **lease)
        .returning(*memory)
    )
    if row := connection.execute(taken).first():
        return LaneMemory(*row)
    first = insert_ignore(connection, lanes).values(channel=channel, epoch=1, failures=0, **lease)
    row = connection.execute(first.returning(*memory)).first()
    return LaneMemory(*row) if row else None


_REMEMBER = sa.text("""
    update lanes set next_at = :next_at, paused_until = :paused_until, pause_reason = :pause_reason,
        failures = :failures, updated_at = :now
    where channel = :channel and owner = :worker
""")


def remember(connection: sa.Connection, channel: str, worker: str, memory: LaneMemory, now: datetime) -> None:
    """Write down what the lane must know after a restart; with every batch of answers, so in plain SQL."""
    times = {"next_at": memory.next_at, "paused_until": memory.paused_until, "now": now}
    raw = {name: at and raw_time(connection, at) for name, at in times.items()}
    others = {"pause_reason": memory.pause_reason, "failures": memory.failures}
    connection.execute(_REMEMBER, {**raw, **others, "channel": channel, "worker": worker})


def leave(connection: sa.Connection, channel: str, worker: str, now: datetime) -> None:
    """Give the lane up, so that another worker need not wait for the lease to end."""
    mine = sa.and_(lanes.c.channel == channel, lanes.c.owner == worker)
    connection.execute(sa.update(lanes).where(mine).values(owner="", lease_until=now, updated_at=now))


def standing(connection: sa.Connection) -> list[dict[str, Any]]:
    """List every lane with its owner and why it waits, if it does."""
    return [dict(row) for row in connection.execute(sa.select(lanes).order_by(lanes.c.channel)).mappings()]


def sent_since(connection: sa.Connection, channel: str, now: datetime) -> list[tuple[str, datetime]]:
    """Return address and time of what a lane sent, or may have sent, in the last 24 hours."""
    since = now - _DAY
    at = sa.func.coalesce(messages.c.accepted_at, messages.c.claimed_at, type_=messages.c.claimed_at.type)
    accepted = sa.select(messages.c.address, at).where(_accepted_since(channel, since))
    unclear = sa.select(messages.c.address, at).where(_unclear_since(channel, since))
    return [(row[0], min(row[1], now)) for row in connection.execute(accepted.union_all(unclear))]


def count_since(connection: sa.Connection, channel: str, since: datetime) -> int:
    """Count what a lane has sent, or may have sent, since a moment."""
    found = (_accepted_since(channel, since), _unclear_since(channel, since))
    queries = [sa.select(sa.func.count()).select_from(messages).where(each) for each in found]
    return sum(int(connection.execute(query).scalar_one()) for query in queries)


def _accepted_since(channel: str, since: datetime) -> sa.ColumnElement[bool]:
    # The index is on updated_at, which is no earlier than accepted_at unless a clock was set back in between.
    is_recent = sa.and_(messages.c.updated_at > since - _SET_BACK, messages.c.accepted_at > since)
    return sa.and_(is_recent, messages.c.channel == channel)


def _unclear_since(channel: str, since: datetime) -> sa.ColumnElement[bool]:
    return sa.and_(messages.c.channel == channel, sa.or_(IS_CLAIMED, IS_IN_DOUBT), messages.c.claimed_at > since)


def known_domains(connection: sa.Connection) -> dict[str, datetime]:
    """Return every mail domain we have written to, with the first time."""
    return {row.domain: row.first_sent_at for row in connection.execute(sa.select(mail_domains))}


def save_domains(connection: sa.Connection, found: Mapping[str, datetime]) -> None:
    """Write down domains that were written to for the first time."""
    for domain, at in found.items():
        connection.execute(insert_ignore(connection, mail_domains).values(domain=domain, first_sent_at=at))
