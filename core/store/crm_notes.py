"""What the CRM was told: a note is written down as being told before it is sent, so that none is sent twice."""

from collections.abc import Collection
from datetime import datetime

import sqlalchemy as sa

from core.store.inbox import insert_ignore
from core.store.tables import crm_notes

TELLING, TOLD, REFUSED = "telling", "told", "refused"


def states(connection: sa.Connection, feedback_ids: Collection[str]) -> dict[str, str]:
    """Return how far those notes are that were begun."""
    wanted = list(feedback_ids)
    found: dict[str, str] = {}
    for start in range(0, len(wanted), 500):
        query = sa.select(crm_notes.c.feedback_id, crm_notes.c.state)
        query = query.where(crm_notes.c.feedback_id.in_(wanted[start : start + 500]))
        found |= {row.feedback_id: row.state for row in connection.execute(query)}
    return found


def begin(connection: sa.Connection, feedback_id: str, now: datetime) -> None:
    """Say that a note is about to be sent."""
    values = {"feedback_id": feedback_id, "state": TELLING, "updated_at": now}
    connection.execute(insert_ignore(connection, crm_notes).values(values))


def end(
    connection: sa.Connection,
    feedback_id: str,
    state: str,
    now: datetime,
    *,
    note_id: str | None = None,
    reason: str | None = None,
) -> None:
    """Say what came of it: told with the CRM's id, or refused with its reason."""
    changes = {"state": state, "note_id": note_id, "reason": reason, "updated_at": now}
    connection.execute(sa.update(crm_notes).where(crm_notes.c.feedback_id == feedback_id).values(changes))
