"""The message ledger: the one place where a message changes its status, each step guarded by the one before.

==================  =================  ====================================================  ======================
from                to                 who, and what it means                                after a crash here
==================  =================  ====================================================  ======================
–                   planned            a campaign's run, once per derived id                 planned again: no change
planned             claimed            the lane's worker: the intent, before the first byte  in_doubt after the lease
claimed             planned            the same worker, certain that nothing was sent        as claimed
planned, claimed    in_doubt           a restore of the store: it may have been sent since  stays, and is listed
claimed, in_doubt   accepted, held     the provider's receipt                                as claimed
claimed             in_doubt           no clear answer, or the lease is over                 stays, and is listed
claimed             failed             the provider refused it for good                      as claimed
planned, claimed    suppressed         an opt-out came after planning                        as claimed
planned             cancelled          its reason is gone (paid, renewed), or by hand        stays planned
planned             expired            not sent before its time was over                     stays planned
in_doubt            planned            evidence that it never left, or a person's decision   stays in_doubt
in_doubt            accepted           a person's decision                                   stays in_doubt
in_doubt            cancelled          a person's decision                                   stays in_doubt
anything but exits  sent … read        a webhook; a late lower status changes nothing        replayed from the inbox
claimed, in_doubt   accepted           an open, click or reply: it arrived                   replayed from the inbox
on the way          failed             a webhook; what was delivered or read stays           replayed from the inbox
==================  =================  ====================================================  ======================

What a dead process had claimed cannot be told from what it had sent: a claim past its lease becomes ``in_doubt``,
never ``planned``. How a doubt ends by evidence or by a person is in ``doubts``.
"""

import json
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import orjson
import sqlalchemy as sa

from core.store.inbox import insert_ignore
from core.store.tables import messages
from core.store.times import raw_short_time
from core.vocabulary import Status

ON_THE_WAY = (Status.CLAIMED, Status.IN_DOUBT, Status.ACCEPTED, Status.HELD, Status.SENT)
# A time further ahead than anything we write: the clock was set back since.
FAR_AHEAD = timedelta(minutes=30)
BEFORE = (Status.PLANNED, Status.CANCELLED, Status.SUPPRESSED, Status.EXPIRED)  # never handed over


class Message(NamedTuple):
    """A claimed message: what a sender needs to know. Times are UTC."""

    message_id: str
    campaign_id: str
    contact_id: str
    channel: str
    purpose: str
    address: str
    template_id: str
    template_version: int
    language: str
    variables: dict[str, Any]
    attempts: int
    batch_id: str | None = None
    traceparent: str | None = None


class Receipt(NamedTuple):
    """What the provider said when it took a message."""

    message_id: str
    provider_message_id: str | None
    is_held: bool = False


COLUMNS = [messages.c[name] for name in Message._fields]
# In words, not as a parameter: only so do the databases use the indexes over messages of one status.
IS_PLANNED = messages.c.status == sa.literal_column("'planned'")
IS_CLAIMED = messages.c.status == sa.literal_column("'claimed'")
IS_IN_DOUBT = messages.c.status == sa.literal_column("'in_doubt'")


def plan(connection: sa.Connection, rows: Iterable[Mapping[str, Any]], now: datetime) -> int:
    """Put messages into the ledger; one that is there already stays as it is. Returns how many were new."""
    fixed = {"status": Status.PLANNED, "attempts": 0, "planned_at": now, "updated_at": now}
    prepared = [{**row, **fixed} for row in rows]
    statement = insert_ignore(connection, messages).returning(messages.c.message_id)
    return len(connection.execute(statement, prepared).all()) if prepared else 0


# Written out and made once: taking an expression apart costs more than a claim of some hundred messages.
# What was put off by a clock that has been set back since is due.
_DUE = """
    select {columns} from messages
    where channel = :channel and status = 'planned' and priority = :priority and campaign_id = :campaign_id
        and (not_before is null or not_before <= :now or updated_at > :far_ahead)
        and (expires_at is null or expires_at > :now)
        and 'template:' || template_id not in (select scope from holds)
    order by planned_at limit :limit
"""
_TAKE = """
    update messages set status = 'claimed', claimed_by = :worker, claimed_at = :now, lease_until = :lease_until
    where status = 'planned' and message_id in ({chosen})
"""
_NAMES = ", ".join(Message._fields)
# One JSON text: the rows, then their variables, which are JSON already and need not be taken apart for that.
_DUE_AS_TEXT = sa.text(
    f"select '[' || json_group_array(json_array({_NAMES.replace('variables', 'null')})) "  # noqa: S608 -- our names
    f"|| ', [' || group_concat(variables) || ']]' from ({_DUE.format(columns=_NAMES)}) as due"
)
_TAKE_THESE = sa.text(_TAKE.format(chosen="select value from json_each(:chosen)"))
_VARIABLES = Message._fields.index("variables")
# A CTE with row locks is evaluated once; a plain subquery may be more often.
_TAKE_UNLOCKED = sa.text(
    f"with due as ({_DUE.format(columns='message_id')} for update skip locked) "  # noqa: S608 -- our names
    f"{_TAKE.format(chosen='select message_id from due')} returning {_NAMES}"
)


def claim(
    connection: sa.Connection,
    *,
    channel: str,
    campaign_id: str,
    priority: int,
    worker: str,
    limit: int,
    now: datetime,
    lease: timedelta,
) -> list[Message]:
    """Take up to ``limit`` due messages of one campaign in one atomic step, oldest first; held templates stay.

    ``updated_at`` stays too: a claim is no news for readers, what comes of it is.
    """
    place = {"channel": channel, "campaign_id": campaign_id, "priority": priority, "limit": limit, "worker": worker}
    times = {"now": now, "far_ahead": now + FAR_AHEAD, "lease_until": now + lease}
    values = place | {name: raw_short_time(connection, at) for name, at in times.items()}
    if connection.dialect.name == "postgresql":
        return list(map(Message._make, connection.execute(_TAKE_UNLOCKED, values)))
    # One writer at a time, from BEGIN IMMEDIATE on. Rows come as one JSON text: fetched one by one, each would cost a
    # fight for the interpreter's lock with the thread that sends (26 times slower under load).
    found = connection.execute(_DUE_AS_TEXT, values).scalar_one()
    if found is None:
        return []
    rows, variables = orjson.loads(found)
    for row, filled in zip(rows, variables, strict=True):
        row[_VARIABLES] = filled
    connection.execute(_TAKE_THESE, values | {"chosen": orjson.dumps([row[0] for row in rows]).decode()})
    return list(map(Message._make, rows))


def put_in_batch(connection: sa.Connection, message_ids: Iterable[str], batch_id: str) -> None:
    """Say, before the first byte, which claimed messages one request carries: only as a whole may it be repeated."""
    statement = sa.update(messages).where(messages.c.message_id.in_(list(message_ids)), IS_CLAIMED)
    connection.execute(statement.values(batch_id=batch_id))


_TAKEN = sa.or_(IS_CLAIMED, IS_IN_DOUBT)
# One statement for many receipts, run without a stop: it runs once for every message there is.
_ACCEPT = """
    update messages set
        status = case when status in ('claimed', 'in_doubt') then :status else status end,
        error_class = case when status in ('claimed', 'in_doubt') then null else error_class end,
        error_code = case when status in ('claimed', 'in_doubt') then null else error_code end,
        reason = case when status in ('claimed', 'in_doubt') then null else reason end,
        provider_message_id = receipt.value,
        accepted_at = coalesce(accepted_at, :at),
        claimed_by = null,
        lease_until = null,
        updated_at = :at
    from {receipts} as receipt
    where messages.message_id = receipt.key
"""
_ACCEPT_IN = {
    "sqlite": sa.text(_ACCEPT.format(receipts="json_each(:receipts)")),
    "postgresql": sa.text(_ACCEPT.format(receipts="json_each_text(cast(:receipts as json))")),
}


def accept(connection: sa.Connection, receipts: Iterable[Receipt], at: datetime) -> None:
    """Record the provider's receipts. A webhook that came first keeps the higher status it made."""
    by_status: dict[Status, dict[str, str | None]] = {Status.ACCEPTED: {}, Status.HELD: {}}
    for message_id, provider_message_id, is_held in receipts:
        by_status[Status.HELD if is_held else Status.ACCEPTED][message_id] = provider_message_id
    for status, ids in by_status.items():
        if ids:
            values = {"receipts": json.dumps(ids), "status": status, "at": raw_short_time(connection, at)}
            connection.execute(_ACCEPT_IN[connection.dialect.name], values)


def fail(
    connection: sa.Connection, message_id: str, *, error_class: str, error_code: str, reason: str, at: datetime
) -> bool:
    """End a message that was not delivered. What was delivered or read stays so. True if it changed."""
    values = {"error_class": error_class, "error_code": error_code, "reason": reason, "failed_at": at}
    return _leave(connection, message_id, ON_THE_WAY, Status.FAILED, at, **values)


def suppress(connection: sa.Connection, message_id: str, *, reason: str, at: datetime) -> bool:
    """End a message because the person must not be written to (any more)."""
    return _leave(connection, message_id, (Status.PLANNED, Status.CLAIMED), Status.SUPPRESSED, at, reason=reason)


def cancel(connection: sa.Connection, message_id: str, *, reason: str, at: datetime) -> bool:
    """End a planned message whose reason is gone: paid, renewed, online again, campaign cancelled."""
    return _leave(connection, message_id, (Status.PLANNED,), Status.CANCELLED, at, reason=reason)


def cancel_campaign(connection: sa.Connection, campaign_id: str, *, reason: str, at: datetime) -> int:
    """End everything of a campaign that is planned and not yet claimed. Returns how many messages."""
    planned = sa.and_(messages.c.campaign_id == campaign_id, IS_PLANNED)
    changes = {"status": Status.CANCELLED, "reason": reason, "updated_at": at}
    return connection.execute(sa.update(messages).where(planned).values(changes)).rowcount


def doubt(connection: sa.Connection, message_id: str, *, reason: str, at: datetime) -> bool:
    """Say that nobody knows whether the provider took it. Only evidence moves it on."""
    return _leave(connection, message_id, (Status.CLAIMED,), Status.IN_DOUBT, at, reason=reason)


def postpone(
    connection: sa.Connection,
    message_id: str,
    *,
    worker: str,
    not_before: datetime,
    reason: str,
    error_class: str | None = None,
    error_code: str | None = None,
    is_attempt: bool,
    now: datetime,
) -> bool:
    """Put a message this worker claimed back for later. Only when it is certain that nothing was sent."""
    attempts = messages.c.attempts + 1 if is_attempt else messages.c.attempts
    changes = {"not_before": not_before, "reason": reason, "error_class": error_class, "error_code": error_code}
    return _put_back(connection, [message_id], worker, now, attempts=attempts, **changes)


def release(connection: sa.Connection, message_ids: Iterable[str], worker: str, now: datetime) -> bool:
    """Put back messages this worker claimed and has certainly not begun to send."""
    return _put_back(connection, list(message_ids), worker, now)


def _put_back(connection: sa.Connection, message_ids: list[str], worker: str, now: datetime, **values: Any) -> bool:
    # A claim past its lease is in doubt to others; the worker that holds it still knows.
    mine = sa.and_(messages.c.message_id.in_(message_ids), messages.c.claimed_by == worker, _TAKEN)
    freed = {"status": Status.PLANNED, "claimed_by": None, "batch_id": None, "lease_until": None}
    changes = {**freed, "updated_at": now, **values}
    return bool(connection.execute(sa.update(messages).where(mine).values(**changes)).rowcount)


def doubt_expired(connection: sa.Connection, now: datetime) -> int:
    """Turn claims past their lease into ``in_doubt``; returns how many. A lease far ahead is from a wrong clock."""
    is_over = sa.or_(messages.c.lease_until < now, messages.c.lease_until > now + FAR_AHEAD)
    reason = "the sending process ended before it recorded the provider's answer"
    changes = {"status": Status.IN_DOUBT, "lease_until": None, "updated_at": now, "reason": reason}
    claimed = sa.and_(IS_CLAIMED, is_over)
    return connection.execute(sa.update(messages).where(claimed).values(changes)).rowcount


def expire_planned(connection: sa.Connection, now: datetime) -> int:
    """End planned messages whose time is over; returns how many."""
    over = sa.and_(IS_PLANNED, messages.c.expires_at <= now)
    changes = {"status": Status.EXPIRED, "updated_at": now, "reason": "not sent before its time was over"}
    return connection.execute(sa.update(messages).where(over).values(changes)).rowcount


def _leave(
    connection: sa.Connection, message_id: str, allowed: Iterable[Status], status: Status, now: datetime, **values: Any
) -> bool:
    statement = sa.update(messages).where(messages.c.message_id == message_id, messages.c.status.in_(list(allowed)))
    changes = {"status": status, "lease_until": None, "updated_at": now, **values}
    return bool(connection.execute(statement.values(**changes)).rowcount)
