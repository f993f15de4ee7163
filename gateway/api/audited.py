"""Who read contact details in the clear, and who changed what: one line each in the audit log."""

from collections.abc import Iterable, Mapping
from typing import Any

import sqlalchemy as sa
from fastapi import Request

from core.store import audit
from gateway.auth import Caller

_MOST_NAMED = 100


def note_reading(request: Request, caller: Caller, what: str, contact_ids: Iterable[str | None]) -> None:
    """Note whose contact details were shown in the clear; a caller who sees them masked leaves no line."""
    whose = sorted({each for each in contact_ids if each})
    if not caller.sees_contact_details or not whose:
        return
    detail = {"contacts": whose[:_MOST_NAMED], "count": len(whose), "request_id": request.state.request_id}
    with request.app.state.engine.begin() as connection:
        audit.write(
            connection,
            actor=caller.actor,
            action="read_contact_details",
            target=what,
            detail=detail,
            now=request.app.state.clock(),
        )


def note_change(
    connection: sa.Connection, request: Request, caller: Caller, action: str, target: str, detail: Mapping[str, Any]
) -> None:
    """Note a change, in its transaction."""
    more = {**detail, "request_id": request.state.request_id}
    now = request.app.state.clock()
    audit.write(connection, actor=caller.actor, action=action, target=target, detail=more, now=now)
