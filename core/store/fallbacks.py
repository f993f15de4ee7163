"""Which messages another channel has to stand in for, and what stands in for what arrived after all."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import sqlalchemy as sa

from core.store.many import Put
from core.store.tables import campaign_runs, events, messages
from core.store.times import json_short_time
from core.vocabulary import Channel, ErrorClass, EventType, Status

# LINE tells nothing of single messages, and a mail server only what it could not deliver: their silence says nothing.
TELLS_DELIVERY = (Channel.WHATSAPP,)
LONGEST = timedelta(days=3)  # what is older than that nobody waits for any more
ARRIVED = frozenset({EventType.DELIVERED, EventType.READ, EventType.OPENED, EventType.CLICKED, EventType.REPLIED})
# Who wants no marketing on one channel is not to get it on another.
_NO_WISH = (ErrorClass.SUPPRESS_MARKETING,)
_UNDELIVERED = (Status.ACCEPTED, Status.HELD, Status.SENT)


class Owed(NamedTuple):
    """A message that did not reach its person; ``attempted`` are its channel and those it stood in for, oldest first.

    ``is_lost``: the provider refused it for good; else nothing was heard of it for too long, and it may have arrived.
    ``occurrence`` is that of the run that first decided it; ``attempts`` are the runs, each with whether it is lost.
    """

    message_id: str
    occurrence: str
    contact_id: str
    step: str
    subject_id: str | None
    attempted: tuple[str, ...]
    is_lost: bool
    attempts: tuple[tuple[str, bool], ...]


def owed(connection: sa.Connection, campaign_id: str, after: timedelta, now: datetime) -> list[Owed]:
    """Return the messages of a campaign that nothing stands in for yet and that did not reach their person.

    Silence counts after ``after``, on channels that tell of deliveries, and only once the provider has told us anything
    since: while we are deaf, nobody is written to twice.
    """
    child = messages.alias("child")
    has_child = sa.select(child.c.message_id).where(child.c.fallback_of == messages.c.message_id).exists()
    lost = sa.and_(
        messages.c.status == Status.FAILED, sa.func.coalesce(messages.c.error_class, "").not_in(list(_NO_WISH))
    )
    heard_at = {channel: _heard_at(connection, channel) for channel in TELLS_DELIVERY}
    silent = [
        sa.and_(
            messages.c.channel == channel,
            messages.c.status.in_(list(_UNDELIVERED)),
            messages.c.accepted_at <= min(now, heard) - after,
        )
        for channel, heard in heard_at.items()
        if heard is not None
    ]
    query = sa.select(messages).where(
        messages.c.campaign_id == campaign_id,
        messages.c.planned_at > now - LONGEST,
        ~has_child,
        sa.or_(lost, *silent),
    )
    rows = connection.execute(query.order_by(messages.c.planned_at, messages.c.message_id)).mappings().all()
    return [_owed(connection, dict(row)) for row in rows]


def _heard_at(connection: sa.Connection, channel: str) -> datetime | None:
    newest = sa.select(events.c.received_at).where(events.c.channel == channel)
    return connection.execute(newest.order_by(events.c.recorded_at.desc()).limit(1)).scalar_one_or_none()


def _owed(connection: sa.Connection, row: dict[str, Any]) -> Owed:
    chain = [row]
    while (parent_id := chain[0]["fallback_of"]) is not None:
        parent = connection.execute(sa.select(messages).where(messages.c.message_id == parent_id)).mappings().one()
        chain.insert(0, dict(parent))
    run_id = chain[0]["run_id"]
    occurrence = sa.select(campaign_runs.c.occurrence).where(campaign_runs.c.run_id == run_id)
    return Owed(
        message_id=row["message_id"],
        occurrence=str(connection.execute(occurrence).scalar_one_or_none() or run_id),
        contact_id=row["contact_id"],
        step=row["step"],
        subject_id=row["subject_id"],
        attempted=tuple(each["channel"] for each in chain),
        is_lost=row["status"] == Status.FAILED,
        attempts=tuple((each["run_id"], each["status"] == Status.FAILED) for each in chain),
    )


def planned_in(connection: sa.Connection, run_ids: Iterable[str]) -> set[tuple[str, str, str]]:
    """Return run, contact and step of every message that was planned in these runs."""
    columns = (messages.c.run_id, messages.c.contact_id, messages.c.step)
    found = connection.execute(sa.select(*columns).where(messages.c.run_id.in_(list(run_ids))))
    return {(run_id, contact_id, step) for run_id, contact_id, step in found}


def still_owed(connection: sa.Connection, message_ids: Iterable[str]) -> set[str]:
    """Return those that have not arrived since they were looked for; call it in the transaction that plans."""
    query = sa.select(messages.c.message_id).where(
        messages.c.message_id.in_(list(message_ids)), messages.c.status.in_([Status.FAILED, *_UNDELIVERED])
    )
    return set(connection.execute(query).scalars())


# The status is hidden from the planner: by the index over what is planned it would read all of that, each time.
_WITHDRAW = Put(
    f"""
    update messages set
        status = '{Status.CANCELLED}',
        reason = 'the message it stands in for arrived after all',
        updated_at = given.now
    from {{given}}
    where messages.fallback_of = given.message_id and coalesce(messages.status, '') = '{Status.PLANNED}'
    """,  # noqa: S608 -- our words
    message_id="text",
    now="time",
)


def withdraw(connection: sa.Connection, message_ids: Iterable[str], now: datetime) -> int:
    """Cancel what was planned to stand in for messages that arrived after all; returns how many."""
    said = json_short_time(connection, now)
    rows = [(message_id, said) for message_id in message_ids]
    return _WITHDRAW.put(connection, rows) if rows else 0
