"""How often somebody asks, by the minute: counted in the store, so that all gateway processes count together."""

from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from core.store.access_tables import request_counts

_KEPT = timedelta(minutes=5)


def count(connection: sa.Connection, caller: str, now: datetime) -> int:
    """Count one more request of a caller; returns how many that makes in the current minute."""
    minute = now.replace(second=0, microsecond=0)
    module: Any = postgresql if connection.dialect.name == "postgresql" else sqlite
    first = module.insert(request_counts).values(caller=caller, minute=minute, requests=1)
    more = first.on_conflict_do_update(
        index_elements=["caller", "minute"], set_={"requests": request_counts.c.requests + 1}
    )
    counted = int(connection.execute(more.returning(request_counts.c.requests)).scalar_one())
    if counted == 1:
        connection.execute(sa.delete(request_counts).where(request_counts.c.minute < minute - _KEPT))
    return counted
