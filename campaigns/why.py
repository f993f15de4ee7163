"""Why somebody got a message, or did not: every decision about a person, with what the ledger says came of it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from core.ids import message_id
from core.store.engine import reading
from core.store.tables import messages

_DECISIONS = """
    select decided_at, campaign_id, run_id, step, subject_type, subject_id, outcome, reason, channel, deferred_until
    from raw.campaigns__decisions
    where contact_id = $contact_id and ($campaign_id = '' or campaign_id = $campaign_id)
    order by decided_at desc, campaign_id, step limit $most
"""


@dataclass(frozen=True, kw_only=True)
class Told:
    """One decision; ``status`` and ``ended_because`` are its message's, null and empty where none was planned."""

    decided_at: datetime
    campaign_id: str
    step: str
    subject: str
    outcome: str
    reason: str
    channel: str | None
    deferred_until: datetime | None
    status: str | None
    ended_because: str


def why(connection: Any, engine: sa.Engine, contact_id: str, *, campaign_id: str = "", most: int = 50) -> list[Told]:
    """Return what was decided about a contact, newest first, from the warehouse, with the store's ledger."""
    asked = {"contact_id": contact_id, "campaign_id": campaign_id, "most": most}
    found = connection.execute(_DECISIONS, asked).to_arrow_table().to_pylist()
    query = sa.select(messages.c.message_id, messages.c.status, messages.c.reason)
    with reading(engine) as store:
        planned = {row.message_id: row for row in store.execute(query.where(messages.c.contact_id == contact_id))}
    told = []
    for row in found:
        message = planned.get(message_id(row["campaign_id"], row.pop("run_id"), contact_id, row["step"]))
        subject = f"{row.pop('subject_type')} {row.pop('subject_id')}"
        status, ended = (None, "") if message is None else (message.status, message.reason or "")
        told.append(Told(**row, subject=subject, status=status, ended_because=ended))
    return told
