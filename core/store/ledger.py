"""The message ledger: the one place where a message changes its status, each step guarded by the one before.

States and who may make them::

    planned ──claim──▶ claimed ──accept──▶ accepted | held ──webhook──▶ sent ▶ delivered ▶ read
       ▲                 │ │ └──doubt, lease over──▶ in_doubt ──evidence──▶ accepted … | failed
       └─postpone/release┘ └──▶ failed | suppressed          planned ──▶ expired | cancelled

A claim is the intent, committed before the first byte leaves. What a dead process had claimed cannot be
told from what it had sent: a claim past its lease becomes ``in_doubt``, never ``planned``.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from core.store.inbox import insert_ignore
from core.store.tables import holds, messages
from core.vocabulary import LADDER, Status

ON_THE_WAY = (Status.CLAIMED, Status.IN_DOUBT, Status.ACCEPTED, Status.HELD, Status.SENT)
_AT_COLUMN = {
    Status.ACCEPTED: "accepted_at",
    Status.SENT: "sent_at",
    Status.DELIVERED: "delivered_at",
    Status.READ: "read_at",
}


@dataclass(frozen=True, kw_only=True)
class Message:
    """A claimed message: what a sender needs to know. Times are UTC."""

    message_id: str
    campaign_id: str
    run_id: str
    step: str
    variant: str
    contact_id: str
    company_id: str | None
    channel: str
    purpose: str
    address: str
    template_id: str
    template_version: int
    language: str
    variables: dict[str, Any]
    attempts: int
    planned_at: datetime
    claimed_at: datetime
    expires_at: datetime | None


_COLUMNS = [messages.c[name.name] for name in fields(Message)]


def plan(connection: sa.Connection, rows: Iterable[Mapping[str, Any]], now: datetime) -> int:
    """Put messages into the ledger; one that is there already stays as it is. Returns how many were new."""
    fixed = {"status": Status.PLANNED, "attempts": 0, "planned_at": now, "updated_at": now}
    prepared = [{**row, **fixed} for row in rows]
    known = 0
    for start in range(0, len(prepared), 500):
        part = prepared[start : start + 500]
        statement = insert_ignore(connection, messages).values(part).returning(messages.c.message_id)
        known += len(connection.execute(statement).all())
    return known


def claim(
    connection: sa.Connection, *, channel: str, worker: str, limit: int, now: datetime, lease: timedelta
) -> list[Message]:
    """Take up to ``limit`` sendable messages of a channel in one atomic statement, urgent and old first."""
    sendable = (
        sa.select(messages.c.message_id)
        .where(
            messages.c.channel == channel,
            messages.c.status == Status.PLANNED,
            sa.or_(messages.c.not_before.is_(None), messages.c.not_before <= now),
            sa.or_(messages.c.expires_at.is_(None), messages.c.expires_at > now),
            ~_is_held(),
        )
        .order_by(messages.c.priority, messages.c.planned_at, messages.c.message_id)
        .limit(limit)
    )
    if connection.dialect.name == "postgresql":
        sendable = sendable.with_for_update(skip_locked=True, of=messages)
    chosen = sendable.cte("chosen")  # a CTE with row locks is evaluated once; a plain subquery may be more often
    statement = (
        sa.update(messages)
        .where(messages.c.message_id.in_(sa.select(chosen.c.message_id)), messages.c.status == Status.PLANNED)
        .values(status=Status.CLAIMED, claimed_by=worker, claimed_at=now, lease_until=now + lease, updated_at=now)
        .returning(*_COLUMNS)
    )
    return [Message(**row) for row in connection.execute(statement).mappings()]


def _is_held() -> sa.ColumnElement[bool]:
    scopes = (
        "all",
        "channel:" + messages.c.channel,
        "campaign:" + messages.c.campaign_id,
        "template:" + messages.c.template_id,
    )
    return sa.exists().where(holds.c.scope.in_(scopes))


def accept(
    connection: sa.Connection,
    message_id: str,
    *,
    provider_message_id: str | None,
    at: datetime,
    held: bool = False,
    cost_amount: Decimal | None = None,
    cost_currency: str | None = None,
) -> None:
    """Record the provider's receipt. A webhook that came first keeps the higher status it made."""
    row = messages.c.message_id == message_id
    receipt = {
        "provider_message_id": provider_message_id,
        "cost_amount": cost_amount,
        "cost_currency": cost_currency,
        "lease_until": None,
        "updated_at": at,
    }
    connection.execute(
        sa.update(messages)
        .where(row)
        .values(**receipt, accepted_at=sa.func.coalesce(messages.c.accepted_at, at, type_=messages.c.accepted_at.type))
    )
    connection.execute(
        sa.update(messages)
        .where(row, messages.c.status.in_((Status.CLAIMED, Status.IN_DOUBT)))
        .values(status=Status.HELD if held else Status.ACCEPTED, error_class=None, error_code=None, reason=None)
    )


def fail(
    connection: sa.Connection, message_id: str, *, error_class: str, error_code: str, reason: str, at: datetime
) -> bool:
    """End a message that was not delivered. What was delivered or read stays so. True if it changed."""
    return _leave(
        connection,
        message_id,
        ON_THE_WAY,
        Status.FAILED,
        at,
        error_class=error_class,
        error_code=error_code,
        reason=reason,
        failed_at=at,
    )


def suppress(connection: sa.Connection, message_id: str, *, reason: str, at: datetime) -> bool:
    """End a message because the person must not be written to (any more)."""
    return _leave(connection, message_id, (Status.PLANNED, Status.CLAIMED), Status.SUPPRESSED, at, reason=reason)


def cancel(connection: sa.Connection, message_id: str, *, reason: str, at: datetime) -> bool:
    """End a planned message whose reason is gone: paid, renewed, online again, campaign cancelled."""
    return _leave(connection, message_id, (Status.PLANNED,), Status.CANCELLED, at, reason=reason)


def cancel_campaign(connection: sa.Connection, campaign_id: str, *, reason: str, at: datetime) -> int:
    """End everything of a campaign that is planned and not yet claimed. Returns how many messages."""
    return connection.execute(
        sa.update(messages)
        .where(messages.c.campaign_id == campaign_id, messages.c.status == Status.PLANNED)
        .values(status=Status.CANCELLED, reason=reason, updated_at=at)
    ).rowcount


def doubt(connection: sa.Connection, message_id: str, *, reason: str, at: datetime) -> bool:
    """Say that nobody knows whether the provider took it. Only evidence moves it on."""
    return _leave(connection, message_id, (Status.CLAIMED,), Status.IN_DOUBT, at, reason=reason)


def postpone(
    connection: sa.Connection,
    message_id: str,
    *,
    not_before: datetime,
    reason: str,
    error_class: str,
    error_code: str,
    now: datetime,
) -> bool:
    """Put a claimed message back for a later attempt. Only when it is certain that nothing was sent."""
    return _leave(
        connection,
        message_id,
        (Status.CLAIMED,),
        Status.PLANNED,
        now,
        not_before=not_before,
        reason=reason,
        error_class=error_class,
        error_code=error_code,
        claimed_by=None,
        attempts=messages.c.attempts + 1,
    )


def release(connection: sa.Connection, message_ids: Iterable[str], now: datetime) -> int:
    """Put back claimed messages that this worker has certainly not begun to send."""
    statement = sa.update(messages).where(
        messages.c.message_id.in_(list(message_ids)), messages.c.status == Status.CLAIMED
    )
    return connection.execute(
        statement.values(status=Status.PLANNED, claimed_by=None, lease_until=None, updated_at=now)
    ).rowcount


def doubt_expired(connection: sa.Connection, now: datetime) -> int:
    """Turn claims past their lease into ``in_doubt``; returns how many."""
    return connection.execute(
        sa.update(messages)
        .where(
            messages.c.status == Status.CLAIMED,
            messages.c.lease_until < now,
        )
        .values(
            status=Status.IN_DOUBT,
            lease_until=None,
            updated_at=now,
            reason="the sending process ended before it recorded the provider's answer",
        )
    ).rowcount


def doubted(connection: sa.Connection, channel: str, *, since: datetime) -> list[Message]:
    """Return a channel's messages in doubt that were claimed after ``since``, oldest first."""
    query = sa.select(*_COLUMNS).where(
        messages.c.channel == channel, messages.c.status == Status.IN_DOUBT, messages.c.claimed_at >= since
    )
    return [Message(**row) for row in connection.execute(query.order_by(messages.c.claimed_at)).mappings()]


def expire_planned(connection: sa.Connection, now: datetime) -> int:
    """End planned messages whose time is over; returns how many."""
    return connection.execute(
        sa.update(messages)
        .where(
            messages.c.status == Status.PLANNED,
            messages.c.expires_at <= now,
        )
        .values(status=Status.EXPIRED, updated_at=now, reason="not sent before its time was over")
    ).rowcount


def raise_status(connection: sa.Connection, message_id: str, status: Status, at: datetime, now: datetime) -> bool:
    """Move a message up the ladder on a webhook's word; a late lower status changes nothing."""
    below = list(LADDER[1 : LADDER.index(status)])
    changes: dict[str, Any] = {"status": status, "lease_until": None, "updated_at": now, "reason": None}
    moved = connection.execute(
        sa.update(messages).where(messages.c.message_id == message_id, messages.c.status.in_(below)).values(**changes)
    ).rowcount
    if column := _AT_COLUMN.get(status):
        connection.execute(
            sa.update(messages)
            .where(messages.c.message_id == message_id, messages.c[column].is_(None))
            .values({column: at, "updated_at": now})
        )
    return bool(moved)


def counts(connection: sa.Connection, run_id: str | None = None) -> dict[str, int]:
    """Count messages by status, of one run or of all."""
    query = sa.select(messages.c.status, sa.func.count()).group_by(messages.c.status)
    if run_id is not None:
        query = query.where(messages.c.run_id == run_id)
    return {row[0]: row[1] for row in connection.execute(query)}


def _leave(
    connection: sa.Connection, message_id: str, allowed: Iterable[Status], status: Status, now: datetime, **values: Any
) -> bool:
    statement = sa.update(messages).where(messages.c.message_id == message_id, messages.c.status.in_(list(allowed)))
    return bool(
        connection.execute(statement.values(status=status, lease_until=None, updated_at=now, **values)).rowcount
    )
