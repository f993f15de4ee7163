"""Conversations: who writes to us and waits, until when we may answer freely; answering, handing over, closing."""

from datetime import datetime
from typing import Annotated, Literal

import sqlalchemy as sa
from fastapi import APIRouter, Depends, Header, Request
from pydantic import BaseModel, ConfigDict, Field

from campaigns import replies
from campaigns.replies import Draft, ReplyRefusedError
from core.privacy import mask_address
from core.store.engine import reading
from core.store.tables import conversations
from core.vocabulary import Channel, Role
from gateway.api.audited import note_reading
from gateway.api.paging import Cursor, Limit, Page, after, older_than, page
from gateway.auth import Caller, needs
from gateway.problems import ProblemError
from warehouse import publish

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
    waiting_since: datetime | None = Field(description="The first message that no later answer of ours answers.")
    department: str | None
    assigned_at: datetime | None
    updated_at: datetime


class NewReply(BaseModel):
    """What to answer."""

    model_config = ConfigDict(extra="forbid")
    text: str = Field(min_length=1, max_length=20_000)


class Replied(BaseModel):
    """The answer in the ledger; `GET /api/v1/messages/{message_id}` follows it."""

    message_id: str
    conversation_id: str
    is_new: bool = Field(description="False: this Idempotency-Key was used before, and nothing more is sent.")


class HandOver(BaseModel):
    """To whom."""

    model_config = ConfigDict(extra="forbid")
    department: Literal["sales", "operations", "design", "finance", "support"]


class Changed(BaseModel):
    """Whether anything is other than before."""

    changed: bool


Marketer = Annotated[Caller, Depends(needs(Role.MARKETER))]
Key = Annotated[
    str, Header(alias="Idempotency-Key", min_length=8, max_length=200, description="Yours for this one answer.")
]
_STATUS = {"unknown": 404, "empty": 422, "long": 422, "draft": 422, "unpublished": 503}

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


@router.post("/{conversation_id}/replies", status_code=202)
def reply(conversation_id: str, wish: NewReply, key: Key, request: Request, caller: Marketer) -> Replied:
    """Answer in a thread: one message per key. 409 says why the person must not be written to, or not any more."""
    state = request.app.state
    draft = Draft(conversation_id, f"{caller.actor} {key}", wish.text)
    version = publish.newest(state.serve_dir)
    try:
        sent = replies.send(state.engine, version, state.warehouse_key, draft, by=caller.actor, now=state.clock())
    except ReplyRefusedError as error:
        raise _problem(error) from error
    return Replied(**sent._asdict())


@router.post("/{conversation_id}/assign")
def assign(conversation_id: str, to: HandOver, request: Request, caller: Marketer) -> Changed:
    """Hand a thread over to a department; the CRM gets a note."""
    state = request.app.state
    try:
        changed = replies.hand_over(state.engine, conversation_id, to.department, by=caller.actor, now=state.clock())
    except ReplyRefusedError as error:
        raise _problem(error) from error
    return Changed(changed=changed)


@router.post("/{conversation_id}/close")
def close(conversation_id: str, request: Request, caller: Marketer) -> Changed:
    """Close a thread; the person's next message opens it again."""
    return _set_open(request, caller, conversation_id, is_open=False)


@router.post("/{conversation_id}/reopen")
def reopen(conversation_id: str, request: Request, caller: Marketer) -> Changed:
    """Open a closed thread again."""
    return _set_open(request, caller, conversation_id, is_open=True)


def _set_open(request: Request, caller: Caller, conversation_id: str, *, is_open: bool) -> Changed:
    state = request.app.state
    try:
        changed = replies.set_open(state.engine, conversation_id, is_open=is_open, by=caller.actor, now=state.clock())
    except ReplyRefusedError as error:
        raise _problem(error) from error
    return Changed(changed=changed)


def _problem(error: ReplyRefusedError) -> ProblemError:
    return ProblemError(_STATUS.get(error.code, 409), f"reply-{error.code}", str(error))
