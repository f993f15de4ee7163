"""Messages in doubt: what is known of them, what could settle them, and how a person does."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import sqlalchemy as sa

from core.store import audit, ledger
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


def standing(connection: sa.Connection, which: Sequence[sa.ColumnElement[bool]], now: datetime) -> list[Doubted]:
    """List what is in doubt and fulfils the conditions (see ``chosen``), oldest claim first."""
    columns = (messages.c[name] for name in ("message_id", "campaign_id", "run_id", "channel", "contact_id"))
    found = connection.execute(
        sa.select(*columns, messages.c.claimed_at, messages.c.reason)
        .where(messages.c.status == Status.IN_DOUBT, *which)
        .order_by(messages.c.claimed_at, messages.c.message_id)
    )
    return [Doubted(*row, what_settles(row.channel, row.claimed_at, now)) for row in found]


def what_settles(channel: str, since: datetime, now: datetime) -> str:
    """Say what could settle a doubt, as things stand."""
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
    moved = ledger.settle_doubts(connection, sa.and_(sa.true(), *which), status, reason=reason, at=now)
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
