"""The ledger seen as an outbox: what waits, whose turn it is, and how far a run has come."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any, NamedTuple

import sqlalchemy as sa

from core.store import lanes, ledger
from core.store.campaigns import standing_holds
from core.store.ledger import COLUMNS, IS_IN_DOUBT, IS_PLANNED, Message
from core.store.tables import messages
from core.vocabulary import Status

_RECENT = timedelta(minutes=5)  # over which a campaign's pace is measured


class Waiting(NamedTuple):
    """A campaign with planned messages on a channel; a smaller priority is more urgent."""

    priority: int
    campaign_id: str


_FIRST = sa.text("""
    select priority, campaign_id from messages where channel = :channel and status = 'planned'
    order by priority, campaign_id limit 1
""")
# In two parts: for one comparison of both columns SQLite would read every message of the campaign it comes from.
_AFTER = sa.text("""
    select * from (
        select priority, campaign_id from messages
        where channel = :channel and status = 'planned' and priority = :priority and campaign_id > :campaign_id
        order by campaign_id limit 1
    ) as within
    union all
    select * from (
        select priority, campaign_id from messages
        where channel = :channel and status = 'planned' and priority > :priority
        order by priority, campaign_id limit 1
    ) as below
    order by priority limit 1
""")


def waiting(connection: sa.Connection, channel: str) -> list[Waiting]:
    """List the campaigns with planned messages, most urgent first; it costs a look per campaign, not per message."""
    found: list[Waiting] = []
    row = connection.execute(_FIRST, {"channel": channel}).first()
    while row is not None:
        found.append(Waiting(*row))
        row = connection.execute(_AFTER, {"channel": channel, **found[-1]._asdict()}).first()
    return found


def claim_fairly(
    connection: sa.Connection, *, channel: str, worker: str, limit: int, now: datetime, lease: timedelta
) -> list[Message]:
    """Claim up to ``limit`` messages: the urgent first, and campaigns of one priority in equal shares.

    What is held (everything, the channel, a campaign, a template) stays where it is.
    """
    held = standing_holds(connection)
    if {"all", f"channel:{channel}"} & held.keys():
        return []
    taken: list[Message] = []
    free = [each for each in waiting(connection, channel) if f"campaign:{each.campaign_id}" not in held]
    for priority, group in groupby(free, key=lambda each: each.priority):
        turn = [each.campaign_id for each in group]
        while turn and len(taken) < limit:
            share = -(-(limit - len(taken)) // len(turn))
            for campaign_id in list(turn):
                part = ledger.claim(
                    connection,
                    channel=channel,
                    campaign_id=campaign_id,
                    priority=priority,
                    worker=worker,
                    limit=min(share, limit - len(taken)),
                    now=now,
                    lease=lease,
                )
                taken += part
                if len(part) < share:
                    turn.remove(campaign_id)
                if len(taken) == limit:
                    break
    return taken


def planned_contacts(connection: sa.Connection, besides: str) -> list[tuple[str, str]]:
    """Return campaign and contact of every planned message of other campaigns."""
    query = sa.select(messages.c.campaign_id, messages.c.contact_id).distinct()
    found = connection.execute(query.where(IS_PLANNED, messages.c.campaign_id != besides))
    return [(row[0], row[1]) for row in found]


def planned_count(connection: sa.Connection, channel: str) -> int:
    """Count a channel's planned messages."""
    query = sa.select(sa.func.count()).where(IS_PLANNED, messages.c.channel == channel)
    return int(connection.execute(query).scalar_one())


def doubted(connection: sa.Connection, channel: str, *, since: datetime) -> list[Message]:
    """Return a channel's messages in doubt that were claimed after ``since``, oldest first."""
    query = sa.select(*COLUMNS).where(messages.c.channel == channel, IS_IN_DOUBT, messages.c.claimed_at >= since)
    return list(map(Message._make, connection.execute(query.order_by(messages.c.claimed_at))))


def counts(connection: sa.Connection, run_id: str | None = None) -> dict[str, int]:
    """Count messages by status, of one run or of all."""
    query = sa.select(messages.c.status, sa.func.count()).group_by(messages.c.status)
    if run_id is not None:
        query = query.where(messages.c.run_id == run_id)
    return {row[0]: row[1] for row in connection.execute(query)}


def progress(connection: sa.Connection, campaign_id: str, now: datetime) -> dict[str, Any]:
    """Say how far a campaign's messages have come, how fast (a minute), and why the rest waits."""
    here = messages.c.campaign_id == campaign_id
    counted = sa.select(messages.c.status, sa.func.count()).where(here).group_by(messages.c.status)
    by_status: dict[str, int] = {row[0]: row[1] for row in connection.execute(counted)}
    recent = sa.and_(here, messages.c.accepted_at > now - _RECENT)
    in_recent = connection.execute(sa.select(sa.func.count()).where(recent)).scalar_one()
    waits = sa.select(messages.c.channel, messages.c.reason, sa.func.count(), sa.func.min(messages.c.not_before))
    waits = waits.where(here, IS_PLANNED).group_by(messages.c.channel, messages.c.reason)
    held = standing_holds(connection)
    paused = {
        lane["channel"]: (lane["pause_reason"], lane["paused_until"])
        for lane in lanes.standing(connection)
        if lane["paused_until"] and lane["paused_until"] > now
    }
    left = by_status.get(Status.PLANNED, 0) + by_status.get(Status.CLAIMED, 0)
    a_minute = in_recent / (_RECENT.total_seconds() / 60)
    return {
        "messages": sum(by_status.values()),
        "by_status": by_status,
        "left": left,
        "sent_a_minute": round(a_minute, 1),
        "minutes_left": round(left / a_minute, 1) if a_minute and left else None,
        "waiting": [
            {
                "channel": channel,
                "messages": count,
                "reason": _stands_still(channel, campaign_id, held, paused) or reason or "its turn",
                "not_before": not_before or paused.get(channel, (None, None))[1],
            }
            for channel, reason, count, not_before in connection.execute(waits).all()
        ],
    }


def _stands_still(
    channel: str, campaign_id: str, held: Mapping[str, str], paused: Mapping[str, tuple[str, datetime]]
) -> str | None:
    """Say what keeps all of a campaign's messages on a channel: a switch, or the lane's pause."""
    for scope in ("all", f"channel:{channel}", f"campaign:{campaign_id}"):
        if scope in held:
            return f"{scope} is held: {held[scope]}"
    return paused[channel][0] if channel in paused else None
