"""What waits in the store, counted for operators: a look at small indexes, never at all messages."""

from datetime import datetime
from typing import NamedTuple

import sqlalchemy as sa

from core.store.inbox import IS_NOT_APPLIED
from core.store.tables import holds, inbox, messages
from core.vocabulary import Status

_UNDER_WAY = (Status.PLANNED, Status.CLAIMED, Status.IN_DOUBT)


class Waiting(NamedTuple):
    """Messages by channel and status, seconds the oldest due one waits by channel, deliveries kept, standing holds."""

    messages: list[tuple[str, str, int]]
    oldest_due: list[tuple[str, float]]
    inbox: list[tuple[str, str, int]]
    holds: int


def count_waiting(connection: sa.Connection, now: datetime) -> Waiting:
    """Count what waits."""
    counted: list[tuple[str, str, int]] = []
    for status in _UNDER_WAY:  # each has an index of its own
        here = messages.c.status == sa.literal_column(f"'{status}'")
        query = sa.select(messages.c.channel, sa.func.count()).where(here).group_by(messages.c.channel)
        counted += [(channel, str(status), number) for channel, number in connection.execute(query)]
    is_due = sa.or_(messages.c.not_before.is_(None), messages.c.not_before <= now)
    since = sa.func.min(
        sa.func.coalesce(messages.c.not_before, messages.c.planned_at), type_=messages.c.planned_at.type
    )
    due = (
        sa.select(messages.c.channel, since)
        .where(messages.c.status == sa.literal_column("'planned'"), is_due)
        .group_by(messages.c.channel)
    )
    kept = (
        sa.select(inbox.c.source, inbox.c.state, sa.func.count())
        .where(IS_NOT_APPLIED)
        .group_by(inbox.c.source, inbox.c.state)
    )
    return Waiting(
        counted,
        [(channel, (now - first).total_seconds()) for channel, first in connection.execute(due)],
        [(source, state, number) for source, state, number in connection.execute(kept)],
        connection.execute(sa.select(sa.func.count()).select_from(holds)).scalar_one(),
    )
