"""Messages in doubt: what is known of them, what could settle them, and how a person does."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import sqlalchemy as sa

from core.store import audit
from core.store.ledger import IS_IN_DOUBT
from core.store.restores import UNKNOWN_REQUEST, last_restore
from core.store.tables import messages
from core.vocabulary import Channel, Status

# LINE recognises a retry key for 24 hours; the worker stops an hour earlier.
RECOGNISED = timedelta(hours=23)
_BY_HAND = "then decide: bma doubt settle"
_EVIDENCE = {
    Channel.WHATSAPP: "a status webhook that names it; or its absence, where the campaign allows that",
    Channel.EMAIL: f"a bounce, open, click or reply; the relay's own log, {_BY_HAND}",
}


class Doubted(NamedTuple):
    """A message in doubt; ``since`` is when it was claimed (UTC), ``why`` and ``evidence`` are for a person."""

    message_id: str
    campaign_id: str
    run_id: str
    channel: str
    contact_id: str
    since: datetime
    why: str
    evidence: str


class Settled(NamedTuple):
    """What a decision did: ids that moved, and how many of them are past their time and will not be sent."""

    message_ids: list[str]
    too_late: int


def settle(
    connection: sa.Connection, which: sa.ColumnElement[bool], status: Status, *, reason: str, at: datetime
) -> list[str]:
    """Move messages in doubt to ``accepted``, ``planned`` or ``cancelled``, on evidence or a person's decision.

    What was taken counts from when it was claimed. Returns the ids; what is no longer in doubt stays as it is.
    """
    changes: dict[str, Any] = {"status": status, "lease_until": None, "reason": reason, "updated_at": at}
    if status is Status.PLANNED:
        changes |= {"claimed_by": None, "batch_id": None, "not_before": None, "attempts": messages.c.attempts + 1}
    elif status is Status.ACCEPTED:
        changes["accepted_at"] = sa.func.coalesce(messages.c.accepted_at, messages.c.claimed_at)
    elif status is not Status.CANCELLED:
        raise ValueError(f"a doubt does not end as {status}")
    statement = sa.update(messages).where(IS_IN_DOUBT, which).values(**changes)
    return list(connection.execute(statement.returning(messages.c.message_id)).scalars())


def standing(connection: sa.Connection, which: Sequence[sa.ColumnElement[bool]], now: datetime) -> list[Doubted]:
    """List what is in doubt and fulfils the conditions (see ``chosen``), oldest claim first."""
    names = ("message_id", "campaign_id", "run_id", "channel", "contact_id", "claimed_at", "reason", "batch_id")
    restored_at = last_restore(connection)
    query = sa.select(*(messages.c[name] for name in names)).where(IS_IN_DOUBT, *which)
    return [
        Doubted(
            message_id=row.message_id,
            campaign_id=row.campaign_id,
            run_id=row.run_id,
            channel=row.channel,
            contact_id=row.contact_id,
            since=row.claimed_at,
            why=row.reason,
            evidence=what_settles(
                row.channel,
                row.claimed_at,
                now,
                is_key_known=row.batch_id != UNKNOWN_REQUEST,
                is_heard=restored_at is None or row.claimed_at > restored_at,
            ),
        )
        for row in connection.execute(query.order_by(messages.c.claimed_at, messages.c.message_id))
    ]


def what_settles(
    channel: str, since: datetime, now: datetime, *, is_key_known: bool = True, is_heard: bool = True
) -> str:
    """Say what could settle a doubt, as things stand.

    ``is_key_known``: the request that may have carried it would go out the same again; ``is_heard``: no report of it
    can have been lost with a store that was restored.
    """
    if not is_key_known or (not is_heard and channel != Channel.LINE):
        return f"a report that still comes; the provider's counts since the backup (bma reconcile), {_BY_HAND}"
    if channel == Channel.LINE:
        if since > now - RECOGNISED:
            return "nothing to do: the worker asks again under the same retry key, which LINE recognises"
        return f"the retry key is too old: compare the day's counts (bma reconcile), {_BY_HAND}"
    return _EVIDENCE.get(Channel(channel), f"a person who asks the provider, {_BY_HAND}")


def chosen(
    *, message_id: str = "", campaign_id: str = "", run_id: str = "", channel: str = ""
) -> list[sa.ColumnElement[bool]]:
    """Return the conditions that pick messages; what is left empty does not matter."""
    wanted = {"message_id": message_id, "campaign_id": campaign_id, "run_id": run_id, "channel": channel}
    return [messages.c[name] == value for name, value in wanted.items() if value]


def decide(
    connection: sa.Connection,
    which: Sequence[sa.ColumnElement[bool]],
    status: Status,
    *,
    reason: str,
    actor: str,
    now: datetime,
) -> Settled:
    """Settle doubts as a person decided: ``accepted`` (it was sent), ``planned`` (it was not) or ``cancelled``.

    Each message gets its line in the audit log. What is not in doubt any more stays as it is.
    """
    moved = settle(connection, sa.and_(sa.true(), *which), status, reason=reason, at=now)
    for message_id in moved:
        detail = {"status": str(status), "reason": reason}
        audit.write(connection, actor=actor, action="settle_doubt", target=message_id, detail=detail, now=now)
    return Settled(moved, _too_late(connection, moved, now) if status is Status.PLANNED else 0)


def _too_late(connection: sa.Connection, message_ids: list[str], now: datetime) -> int:
    count = 0
    for start in range(0, len(message_ids), 500):
        here = messages.c.message_id.in_(message_ids[start : start + 500])
        query = sa.select(sa.func.count()).where(here, messages.c.expires_at <= now)
        count += connection.execute(query).scalar_one()
    return count


def unknown_because(connection: sa.Connection, message_id: str) -> str:
    """Say why a message cannot be settled: there is none, or it is not in doubt."""
    query: Any = sa.select(messages.c.status).where(messages.c.message_id == message_id)
    status = connection.execute(query).scalar_one_or_none()
    return f"there is no message {message_id}" if status is None else f"message {message_id} is {status}, not in doubt"
