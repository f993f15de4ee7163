"""Settling doubts by a provider's silence, where a campaign allows it and the silence means something.

A provider that reports every message it took (WhatsApp) reports, within moments, the doubtful one too. Its silence
about that one proves something only while the way of its reports is shown to be open: messages claimed after it got
theirs, all of them, and no delivery lies in the inbox unread. One message is sent again by this rule once at most.
"""

from datetime import datetime, timedelta
from typing import NamedTuple

import sqlalchemy as sa

from core.store import audit, doubts
from core.store.ledger import IS_IN_DOUBT
from core.store.tables import audit as audit_log
from core.store.tables import campaigns, events, inbox, messages
from core.vocabulary import Channel, EventType, Status

SETTING = "resend_in_doubt_after_hours"
REPORTS_EVERY_MESSAGE = frozenset({Channel.WHATSAPP})
WITNESSES = 10  # so many later messages must have got their report: one or two may be luck
LONGEST = timedelta(days=7)  # as long as WhatsApp repeats a webhook nobody took; what is older is for a person
_IN_FLIGHT = timedelta(minutes=10)  # a report may take so long before it counts as missing
_ACTION = "settle_by_absence"
_REPORTS = (EventType.SENT, EventType.DELIVERED, EventType.READ, EventType.FAILED)
_TAKEN = (Status.ACCEPTED, Status.SENT, Status.DELIVERED, Status.READ, Status.FAILED)


class Evidence(NamedTuple):
    """Messages claimed after the doubtful ones and taken: how many got their report, how many did not."""

    reported: int
    missing: int


def settle_by_absence(connection: sa.Connection, channel: str, now: datetime) -> int:
    """Plan again what a channel's provider certainly never took; returns how many messages.

    Cheap while nothing is in doubt; call it about once a minute.
    """
    if channel not in REPORTS_EVERY_MESSAGE:
        return 0
    settled = 0
    for campaign_id, hours in _allowed(connection).items():
        for claimed_at in _claims(connection, channel, campaign_id, now, hours):
            if _is_unread(connection, channel, claimed_at):
                continue
            found = _evidence(connection, channel, claimed_at, claimed_at + timedelta(hours=hours))
            if found.reported >= WITNESSES and not found.missing:
                settled += _plan_again(connection, channel, campaign_id, claimed_at, found, now)
    return settled


def _allowed(connection: sa.Connection) -> dict[str, int]:
    found = connection.execute(sa.select(campaigns.c.campaign_id, campaigns.c.definition))
    return {row.campaign_id: int(hours) for row in found if (hours := row.definition.get(SETTING))}


def _claims(connection: sa.Connection, channel: str, campaign_id: str, now: datetime, hours: int) -> list[datetime]:
    """Return when the doubts old enough were claimed; what was claimed together shares its evidence."""
    query = sa.select(messages.c.claimed_at).distinct()
    old_enough = messages.c.claimed_at.between(now - LONGEST, now - timedelta(hours=hours))
    return list(connection.execute(query.where(_doubtful(channel, campaign_id), old_enough)).scalars())


def _doubtful(channel: str, campaign_id: str) -> sa.ColumnElement[bool]:
    return sa.and_(messages.c.channel == channel, messages.c.campaign_id == campaign_id, IS_IN_DOUBT)


def _is_unread(connection: sa.Connection, channel: str, since: datetime) -> bool:
    """Say whether a delivery that came since then is not understood yet: it may speak of the doubtful message."""
    unread = sa.and_(inbox.c.source == channel, inbox.c.state != "applied", inbox.c.received_at >= since)
    return connection.execute(sa.select(inbox.c.inbox_id).where(unread).limit(1)).first() is not None


def _evidence(connection: sa.Connection, channel: str, claimed_at: datetime, until: datetime) -> Evidence:
    """Count the later messages, near in time: those of next week say nothing of whether we could hear then."""
    report = (
        sa.select(events.c.event_id)
        .where(events.c.message_id == messages.c.message_id, events.c.event_type.in_(_REPORTS))
        .where(events.c.received_at <= until)
        .exists()
    )
    later = sa.and_(
        messages.c.channel == channel,
        messages.c.claimed_at > claimed_at,
        messages.c.accepted_at > claimed_at,
        messages.c.accepted_at <= until - _IN_FLIGHT,
        messages.c.status.in_(_TAKEN),
    )
    query = sa.select(sa.func.count(), sa.func.count(sa.case((report, 1)))).where(later)
    taken, reported = connection.execute(query).one()
    return Evidence(reported, taken - reported)


def _plan_again(
    connection: sa.Connection, channel: str, campaign_id: str, claimed_at: datetime, found: Evidence, now: datetime
) -> int:
    is_known = sa.select(events.c.event_id).where(events.c.message_id == messages.c.message_id).exists()
    was_settled = (
        sa.select(audit_log.c.audit_id)
        .where(audit_log.c.action == _ACTION, audit_log.c.target == messages.c.message_id)
        .exists()
    )
    which = sa.and_(_doubtful(channel, campaign_id), messages.c.claimed_at == claimed_at, ~is_known, ~was_settled)
    reason = (
        f"sent again: {channel} never reported it, but each of the {found.reported} messages claimed after it "
        f"(since {claimed_at:%Y-%m-%d %H:%M} UTC)"
    )
    moved = doubts.settle(connection, which, Status.PLANNED, reason=reason, at=now)
    for message_id in moved:
        detail = {"claimed_at": claimed_at.isoformat(), "reported": found.reported, "campaign_id": campaign_id}
        audit.write(connection, actor="worker", action=_ACTION, target=message_id, detail=detail, now=now)
    return len(moved)
