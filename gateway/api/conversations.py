"""Conversations: who writes to us, on which channel, and until when we may answer freely."""

from datetime import datetime
from typing import Annotated, Literal

import sqlalchemy as sa
from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel

from core.privacy import mask_address
from core.store.engine import reading
from core.store.tables import conversations
from core.vocabulary import Channel, Role
from gateway.api.audited import note_reading
from gateway.api.paging import Cursor, Limit, Page, after, older_than, page
from gateway.auth import Caller, needs

router = APIRouter(prefix="/conversations", tags=["Conversations"])


class Conversation(BaseModel):
    """A thread with one person on one channel. The address is masked for roles below marketer."""

    conversation_id: str
    contact_id: str | None
    channel: Channel
    address: str | None
    status: Literal["open", "closed"]
    message_count: int
    opened_at: datetime
    last_inbound_at: datetime | None
    last_outbound_at: datetime | None
    window_open_until: datetime | None
    updated_at: datetime


_SHOWN = [conversations.c[name] for name in Conversation.model_fields]


@router.get("")
def list_conversations(
    request: Request,
    caller: Annotated[Caller, Depends(needs(Role.VIEWER))],
    status: Literal["open", "closed"] | None = None,
    contact_id: str | None = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Page[Conversation]:
    """List conversations, the one that moved last first."""
    order = (conversations.c.updated_at, conversations.c.conversation_id)
    query = sa.select(*_SHOWN).order_by(*(column.desc() for column in order)).limit(limit + 1)
    if status is not None:
        query = query.where(conversations.c.status == status)
    if contact_id is not None:
        query = query.where(conversations.c.contact_id == contact_id)
    if (values := after(cursor, datetime, str)) is not None:
        query = query.where(older_than(values, *order))
    with reading(request.app.state.engine) as connection:
        rows = [dict(row) for row in connection.execute(query).mappings()]
    if not caller.sees_contact_details:
        rows = [{**row, "address": mask_address(row["address"])} for row in rows]
    found = page(rows, limit, "updated_at", "conversation_id")
    note_reading(request, caller, "conversations", [row["contact_id"] for row in found["items"]])
    return Page[Conversation].model_validate(found)
