"""What people said about being written to by a channel: when, where, and what they had been shown."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from core.ids import derived_id
from core.store.address_tables import channel_consents
from core.store.inbox import insert_ignore
from core.store.suppressions import ALL

GIVEN, WITHDRAWN = "given", "withdrawn"


def record(
    connection: sa.Connection,
    contact_id: str,
    channel: str,
    *,
    state: str,
    source: str,
    proof: Mapping[str, Any],
    at: datetime,
    now: datetime,
    purpose: str = ALL,
) -> None:
    """Keep that a person agreed (``given``) or left (``withdrawn``) at ``at``. A repeat changes nothing.

    It proves what stands elsewhere: what may be sent is for the CRM's consents, suppressions and addresses to say.
    """
    key = derived_id("consent", contact_id, channel, purpose, state, source, at.isoformat())
    connection.execute(
        insert_ignore(connection, channel_consents).values(
            consent_id=key,
            contact_id=contact_id,
            channel=channel,
            purpose=purpose,
            state=state,
            source=source,
            proof=dict(proof),
            said_at=at,
            recorded_at=now,
        )
    )


def history(connection: sa.Connection, contact_id: str) -> list[dict[str, Any]]:
    """Return what a person said, oldest first."""
    table = channel_consents.c
    query = sa.select(
        table.channel, table.purpose, table.state, table.source, table.proof, table.said_at, table.recorded_at
    ).where(table.contact_id == contact_id)
    return [dict(row) for row in connection.execute(query.order_by(table.said_at, table.recorded_at)).mappings()]
