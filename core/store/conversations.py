"""Conversations: a thread is open until somebody of ours closes it; the person's next message opens it again."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa

from core.store.tables import conversations, events, messages
from core.vocabulary import EXITS

REPLY = "conversation_reply"  # the campaign under which the ledger has what people of ours answer
DEPARTMENTS = ("sales", "operations", "design", "finance", "support")
_C = conversations.c
_MOST = 1000


class Conversation(NamedTuple):
    """A thread as it stands; times are UTC. ``answer_status`` is that of our last answer in the ledger."""

    conversation_id: str
    contact_id: str | None
    channel: str
    address: str
    status: str
    message_count: int
    opened_at: datetime
    last_inbound_at: datetime | None
    last_outbound_at: datetime | None
    window_open_until: datetime | None
    waiting_since: datetime | None
    first_answered_at: datetime | None
    last_inbound_id: str | None
    department: str | None
    assigned_at: datetime | None
    updated_at: datetime
    answer_status: str | None

    @property
    def is_waiting(self) -> bool:
        """Whether the person waits for us: nothing answers the last messages, or what should have did not arrive."""
        if self.status != "open" or self.waiting_since is None:
            return False
        is_lost = self.answer_status in EXITS
        return is_lost or self.last_outbound_at is None or self.last_outbound_at < self.waiting_since


_SHOWN = [_C[name] for name in Conversation._fields[:-1]]


def _query() -> sa.Select[Any]:
    answer = sa.select(messages.c.status).where(messages.c.message_id == _C.answer_id).scalar_subquery()
    return sa.select(*_SHOWN, answer.label("answer_status"))


def find(connection: sa.Connection, conversation_id: str) -> Conversation | None:
    """Return one thread, or None."""
    row = connection.execute(_query().where(_C.conversation_id == conversation_id)).first()
    return None if row is None else Conversation._make(row)


def newest(connection: sa.Connection, *, status: str | None = None, limit: int = _MOST) -> list[Conversation]:
    """Return the threads that moved last, of one status or of all."""
    query = _query().order_by(_C.updated_at.desc(), _C.conversation_id.desc()).limit(limit)
    if status is not None:
        query = query.where(_C.status == status)
    return list(map(Conversation._make, connection.execute(query)))


def close(connection: sa.Connection, conversation_id: str, now: datetime) -> bool:
    """Close a thread; False when it is not open."""
    return _change(connection, conversation_id, _C.status == "open", {"status": "closed"}, now)


def reopen(connection: sa.Connection, conversation_id: str, now: datetime) -> bool:
    """Open a closed thread again; False when it is not closed."""
    return _change(connection, conversation_id, _C.status == "closed", {"status": "open"}, now)


def assign(connection: sa.Connection, conversation_id: str, department: str, now: datetime) -> bool:
    """Hand a thread over to a department; False when there is no such thread or the department has it already.

    Raises ValueError for a department that there is not.
    """
    if department not in DEPARTMENTS:
        raise ValueError(f"there is no department {department!r}: there are {', '.join(DEPARTMENTS)}")
    is_new = _C.department.is_distinct_from(department)
    return _change(connection, conversation_id, is_new, {"department": department, "assigned_at": now}, now)


def note_answer(connection: sa.Connection, conversation_id: str, message_id: str, now: datetime) -> None:
    """Say that a message of the ledger answers what the person wrote so far."""
    first = sa.func.coalesce(_C.first_answered_at, now)
    values = {"last_outbound_at": now, "answer_id": message_id, "first_answered_at": first, "status": "open"}
    _change(connection, conversation_id, sa.true(), values, now)


def written(connection: sa.Connection, event_id: str) -> Mapping[str, Any]:
    """Return the detail (``text``, of mail ``subject`` and ``mail_id``) and ``message_id`` of what a person wrote."""
    query = sa.select(events.c.detail, events.c.message_id).where(events.c.event_id == event_id)
    row = connection.execute(query).first()
    return {} if row is None else {**row.detail, "message_id": row.message_id}


def heard_since(connection: sa.Connection, thread: Conversation, since: datetime) -> list[dict[str, Any]]:
    """Return what the person wrote that was recorded after ``since``: ``event_id, occurred_at, text``, oldest first."""
    e = events.c
    query = sa.select(e.event_id, e.occurred_at, e.detail).where(
        e.recorded_at > since, e.channel == thread.channel, e.address == thread.address, e.event_type == "replied"
    )
    rows = connection.execute(query.order_by(e.occurred_at))
    return [{"event_id": row[0], "occurred_at": row[1], "text": str(row[2].get("text", ""))} for row in rows]


def answers(connection: sa.Connection, thread: Conversation) -> list[dict[str, Any]]:
    """Return our answers in a thread as the ledger has them, oldest first."""
    m = messages.c
    query = sa.select(m.message_id, m.planned_at, m.accepted_at, m.status, m.reason, m.variables).where(
        m.address == thread.address, m.channel == thread.channel, m.campaign_id == REPLY
    )
    rows = connection.execute(query.order_by(m.planned_at)).mappings()
    return [
        {**{name: row[name] for name in row if name != "variables"}, "text": row["variables"]["text"]} for row in rows
    ]


def _change(
    connection: sa.Connection,
    conversation_id: str,
    condition: sa.ColumnElement[bool],
    values: Mapping[str, Any],
    now: datetime,
) -> bool:
    is_it = sa.and_(_C.conversation_id == conversation_id, condition)
    changed = connection.execute(sa.update(conversations).where(is_it).values(**values, updated_at=now))
    return bool(changed.rowcount)
