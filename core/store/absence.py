"""Settling doubts by a provider's silence, where a campaign allows it and the silence means something.

A provider that reports every message it took (WhatsApp) reports, within moments, the doubtful one too. Its silence
about that one proves something only while the way of its reports is shown to be open: messages claimed after it got
theirs, all of them, and no delivery lies in the inbox unread. Reports from before a restore may be lost with what
received them: what was claimed before it is not settled so. One message is sent again by this rule once at most.
"""

from datetime import datetime, timedelta
from typing import NamedTuple

import sqlalchemy as sa

from core.store import audit, doubts
from core.store.inbox import IS_NOT_APPLIED
from core.store.ledger import IS_IN_DOUBT
from core.store.restores import last_restore
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


class Claim(NamedTuple):
    """Doubtful messages of a campaign that were claimed together; evidence counts if it came by ``until``."""

    campaign_id: str
    claimed_at: datetime
    until: datetime


class Witnesses(NamedTuple):
    """Messages that were claimed together and taken, and what was reported of them."""

    claimed_at: datetime
    taken_by: datetime
    taken: int
    reported: int
    last_report_at: datetime | None


def settle_by_absence(connection: sa.Connection, channel: str, now: datetime) -> int:
    """Plan again what a channel's provider certainly never took; returns how many messages.

    Costs one look per message taken since the oldest doubt, and nothing while there is none: call it once a minute.
    """
    if channel not in REPORTS_EVERY_MESSAGE:
        return 0
    claims = _claims(connection, channel, now)
    if not claims:
        return 0
    witnesses = _witnesses(connection, channel, min(each.claimed_at for each in claims))
    unread_at = _last_unread(connection, channel)
    settled = 0
    for claim in claims:
        reported = _reported_around(claim, witnesses)
        if reported >= WITNESSES and (unread_at is None or unread_at < claim.claimed_at):
            settled += _plan_again(connection, channel, claim, reported, now)
    return settled


def _claims(connection: sa.Connection, channel: str, now: datetime) -> list[Claim]:
    """Return the doubts that are old enough and whose campaign allows it."""
    places = sa.select(messages.c.campaign_id, messages.c.claimed_at).distinct()
    here = sa.and_(messages.c.channel == channel, IS_IN_DOUBT, messages.c.claimed_at >= now - LONGEST)
    if restored_at := last_restore(connection):  # reports that came before it may be lost
        here = sa.and_(here, messages.c.claimed_at > restored_at)
    doubted = connection.execute(places.where(here)).all()
    hours = _allowed(connection) if doubted else {}
    return [
        Claim(row.campaign_id, row.claimed_at, row.claimed_at + hours[row.campaign_id])
        for row in doubted
        if row.campaign_id in hours and row.claimed_at + hours[row.campaign_id] <= now
    ]


def _allowed(connection: sa.Connection) -> dict[str, timedelta]:
    found = connection.execute(sa.select(campaigns.c.campaign_id, campaigns.c.definition))
    return {row.campaign_id: timedelta(hours=hours) for row in found if (hours := row.definition.get(SETTING))}


def _last_unread(connection: sa.Connection, channel: str) -> datetime | None:
    """Return when the last delivery came that is not understood yet: it may speak of a doubtful message."""
    unread = sa.and_(inbox.c.source == channel, IS_NOT_APPLIED)
    return connection.execute(sa.select(sa.func.max(inbox.c.received_at)).where(unread)).scalar()


def _witnesses(connection: sa.Connection, channel: str, since: datetime) -> list[Witnesses]:
    reported_at = (
        sa.select(sa.func.min(events.c.received_at))
        .where(events.c.message_id == messages.c.message_id, events.c.event_type.in_(_REPORTS))
        .scalar_subquery()
    )
    taken = (
        sa.select(messages.c.claimed_at, messages.c.accepted_at, reported_at.label("reported_at"))
        .where(messages.c.channel == channel, messages.c.accepted_at > since, messages.c.claimed_at > since)
        .where(messages.c.status.in_(_TAKEN))
        .subquery()
    )
    together = sa.select(
        taken.c.claimed_at,
        sa.func.max(taken.c.accepted_at),
        sa.func.count(),
        sa.func.count(taken.c.reported_at),
        sa.func.max(taken.c.reported_at),
    ).group_by(taken.c.claimed_at)
    return list(map(Witnesses._make, connection.execute(together)))


def _reported_around(claim: Claim, witnesses: list[Witnesses]) -> int:
    """Count the later messages that got their report, near in time; 0 when of one it is missing, or came late.

    Those of next week say nothing of whether we could hear then.
    """
    near = [
        each for each in witnesses if each.claimed_at > claim.claimed_at and each.taken_by <= claim.until - _IN_FLIGHT
    ]
    is_silent = any(
        each.reported < each.taken or (each.last_report_at and each.last_report_at > claim.until) for each in near
    )
    return 0 if is_silent else sum(each.reported for each in near)


def _plan_again(connection: sa.Connection, channel: str, claim: Claim, reported: int, now: datetime) -> int:
    is_known = sa.select(events.c.event_id).where(events.c.message_id == messages.c.message_id).exists()
    was_settled = (
        sa.select(audit_log.c.audit_id)
        .where(audit_log.c.action == _ACTION, audit_log.c.target == messages.c.message_id)
        .exists()
    )
    which = sa.and_(
        messages.c.channel == channel,
        messages.c.campaign_id == claim.campaign_id,
        messages.c.claimed_at == claim.claimed_at,
        ~is_known,
        ~was_settled,
    )
    reason = (
        f"sent again: {channel} never reported it, but each of the {reported} messages claimed after it "
        f"(since {claim.claimed_at:%Y-%m-%d %H:%M} UTC)"
    )
    moved = doubts.settle(connection, which, Status.PLANNED, reason=reason, at=now)
    for message_id in moved:
        detail = {"claimed_at": claim.claimed_at.isoformat(), "reported": reported, "campaign_id": claim.campaign_id}
        audit.write(connection, actor="worker", action=_ACTION, target=message_id, detail=detail, now=now)
    return len(moved)
