"""What a restore leaves uncertain: what was waiting when the backup was made may have been sent since.

What waited or was under way becomes in doubt, and everything is held until a person lifts it. What a campaign decides
to send on its first run after the restore may have been sent in the time that nobody remembers: it is planned in
doubt, too. The audit log's line of the restore is what all of this is told by.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

import sqlalchemy as sa

from core.store import audit, campaigns
from core.store.ledger import FAR_AHEAD, IS_CLAIMED, IS_IN_DOUBT, IS_PLANNED
from core.store.tables import audit as audit_log
from core.store.tables import holds, lanes, messages, templates
from core.vocabulary import Channel, Status

ACTION = "restore"
# In the place of a batch's key, which ends with its size: the request that may have carried it is not known.
UNKNOWN_REQUEST = "unknown.0"
_UNSURE = sa.or_(IS_PLANNED, IS_CLAIMED, IS_IN_DOUBT)


class Uncertain(NamedTuple):
    """Messages by what became of them: in doubt now, or still planned since they were not due before the restore."""

    in_doubt: int
    planned: int


def last_restore(connection: sa.Connection) -> datetime | None:
    """Return when the store was last restored from a backup, UTC; None if never."""
    newest = sa.select(sa.func.max(audit_log.c.recorded_at)).where(audit_log.c.action == ACTION)
    return connection.execute(newest).scalar()


def begin_epoch(connection: sa.Connection, *, made_at: datetime, now: datetime) -> Uncertain:
    """Doubt whatever may have been sent since the backup was made, hold everything, and write the restore down.

    Call it in the transaction that restores: nobody may see the store between the two.
    """
    because = f"restored from the backup of {made_at:%Y-%m-%d %H:%M} UTC: it may have been sent since"
    is_not_due = sa.and_(IS_PLANNED, messages.c.not_before.is_not(None), messages.c.not_before > now + FAR_AHEAD)
    moved = {
        "status": Status.IN_DOUBT,
        "reason": because,
        "claimed_at": sa.func.coalesce(messages.c.claimed_at, sa.literal(made_at, messages.c.claimed_at.type)),
        "claimed_by": None,
        "lease_until": None,
        "updated_at": now,
    }
    doubted = connection.execute(sa.update(messages).where(_UNSURE, sa.not_(is_not_due)).values(moved)).rowcount
    _forget_requests(connection)
    connection.execute(sa.update(lanes).values(epoch=lanes.c.epoch + 1, owner="", lease_until=now, updated_at=now))
    _hold(connection, made_at, now)
    planned = connection.execute(sa.select(sa.func.count()).where(IS_PLANNED)).scalar_one()
    detail = {"made_at": made_at.isoformat(), "in_doubt": doubted, "planned": planned}
    audit.write(connection, actor="cli", action=ACTION, target="store", detail=detail, now=now)
    return Uncertain(doubted, planned)


def _forget_requests(connection: sa.Connection) -> None:
    """Let LINE be asked only about what certainly went out under its own key: a tracked link is never in a batch."""
    carried = sa.select(
        templates.c.template_id,
        templates.c.language,
        templates.c.version,
        templates.c.content["button"].label("button"),
    ).where(templates.c.channel == Channel.LINE)
    alone = {tuple(row[:3]) for row in connection.execute(carried) if row.button}
    key = (messages.c.template_id, messages.c.language, messages.c.template_version)
    here = sa.and_(messages.c.channel == Channel.LINE, IS_IN_DOUBT)
    for found in connection.execute(sa.select(*key).where(here).distinct()).all():
        if tuple(found) not in alone:
            same = sa.and_(*(column == value for column, value in zip(key, found, strict=True)))
            connection.execute(sa.update(messages).where(here, same).values(batch_id=UNKNOWN_REQUEST))


def _hold(connection: sa.Connection, made_at: datetime, now: datetime) -> None:
    before = campaigns.standing_holds(connection).get("all")
    reason = f"restored from the backup of {made_at:%Y-%m-%d %H:%M} UTC: settle what is in doubt, then lift this"
    reason += f" (held before: {before})" if before else ""
    connection.execute(sa.delete(holds).where(holds.c.scope == "all"))
    campaigns.set_hold(connection, "all", reason, ACTION, now)


def doubt_planned(connection: sa.Connection, message_ids: Iterable[str], restored_at: datetime, now: datetime) -> int:
    """Doubt messages that were just planned: they were due when the store was restored. Returns how many."""
    moved = {
        "status": Status.IN_DOUBT,
        "reason": f"due when the store was restored ({restored_at:%Y-%m-%d %H:%M} UTC): it may have been sent before",
        # Not later than the restore: no provider's silence since then speaks of it, and no key of ours is the old one.
        "claimed_at": restored_at,
        "batch_id": UNKNOWN_REQUEST,
        "updated_at": now,
    }
    keys, count = list(message_ids), 0
    for start in range(0, len(keys), 500):
        these = messages.c.message_id.in_(keys[start : start + 500])
        count += connection.execute(sa.update(messages).where(IS_PLANNED, these).values(moved)).rowcount
    return count
