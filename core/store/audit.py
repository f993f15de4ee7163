"""The audit log: who changed what."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from core.store.tables import audit


def write(
    connection: sa.Connection, *, actor: str, action: str, target: str, detail: Mapping[str, Any], now: datetime
) -> None:
    """Add one line, in the transaction of the change it speaks of."""
    connection.execute(
        sa.insert(audit).values(actor=actor, action=action, target=target, detail=dict(detail), recorded_at=now)
    )
