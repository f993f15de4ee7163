"""Messages and timelines: what was sent to a person or a company, and what came of it."""

from datetime import datetime
from typing import Annotated, Any

import sqlalchemy as sa
from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel, Field

from core.privacy import mask_address
from core.store.engine import reading
from core.store.tables import events, messages
from core.vocabulary import Actor, Channel, EventType, Purpose, Role, Status
from gateway.api.audited import note_reading
from gateway.api.paging import Cursor, Limit, Page, after, older_than, page
from gateway.auth import Caller, needs
from gateway.problems import ProblemError

router = APIRouter(tags=["Messages"])
Viewer = Annotated[Caller, Depends(needs(Role.VIEWER))]


class Event(BaseModel):
    """Something that happened to a message or a person."""

    event_id: str
    message_id: str | None
    contact_id: str | None
    channel: Channel
    event_type: EventType
    actor: Actor = Field(description="As judged when it came; the warehouse judges again.")
    provider_event_type: str
    link_id: str | None
    occurred_at: datetime
    received_at: datetime


class Message(BaseModel):
    """A message as the ledger has it. The address is masked for roles below marketer."""

    message_id: str
    campaign_id: str
    run_id: str
    step: str
    variant: str
    contact_id: str
    company_id: str | None
    channel: Channel
    purpose: Purpose
    address: str | None
    template_id: str
    template_version: int
    language: str
    status: Status
    error_class: str | None
    error_code: str | None
    reason: str | None
    provider_message_id: str | None
    attempts: int
    not_before: datetime | None
    planned_at: datetime
    accepted_at: datetime | None
    sent_at: datetime | None
    delivered_at: datetime | None
    read_at: datetime | None
    failed_at: datetime | None
    snapshot_id: str | None


class MessageStory(Message):
    """A message with its events, oldest first."""

    events: list[Event]


_MESSAGE = [messages.c[name] for name in Message.model_fields]
_EVENT = [events.c[name] for name in Event.model_fields]


class Wanted(BaseModel):
    """Which messages; what is left out is not asked about."""

    contact_id: str | None = None
    company_id: str | None = None
    campaign_id: str | None = None
    run_id: str | None = None
    channel: Channel | None = None
    status: Status | None = None


@router.get("/messages")
def list_messages(
    request: Request, caller: Viewer, wanted: Annotated[Wanted, Query()], limit: Limit = 100, cursor: Cursor = None
) -> Page[Message]:
    """List messages, the newest planned first."""
    query = sa.select(*_MESSAGE).order_by(messages.c.planned_at.desc(), messages.c.message_id.desc()).limit(limit + 1)
    for name, value in wanted.model_dump(exclude_none=True).items():
        query = query.where(messages.c[name] == value)
    if (values := after(cursor, datetime, str)) is not None:
        query = query.where(older_than(values, messages.c.planned_at, messages.c.message_id))
    with reading(request.app.state.engine) as connection:
        rows = [_shown(row, caller) for row in connection.execute(query).mappings()]
    found = page(rows, limit, "planned_at", "message_id")
    note_reading(request, caller, "messages", [row["contact_id"] for row in found["items"]])
    return Page[Message].model_validate(found)


@router.get("/messages/{message_id}")
def one_message(message_id: str, request: Request, caller: Viewer) -> MessageStory:
    """Return one message with its events, oldest first."""
    with reading(request.app.state.engine) as connection:
        found = connection.execute(sa.select(*_MESSAGE).where(messages.c.message_id == message_id)).mappings().first()
        if found is None:
            raise ProblemError(404, "no-such-message", f"there is no message {message_id}")
        history = sa.select(*_EVENT).where(events.c.message_id == message_id).order_by(events.c.occurred_at)
        told = [dict(row) for row in connection.execute(history).mappings()]
    note_reading(request, caller, "messages", [found["contact_id"]])
    return MessageStory.model_validate({**_shown(found, caller), "events": told})


@router.get("/contacts/{contact_id}/timeline")
def contact_timeline(
    contact_id: str, request: Request, _caller: Viewer, limit: Limit = 100, cursor: Cursor = None
) -> Page[Event]:
    """Return a contact's events, the newest first."""
    return _timeline(request, events.c.contact_id == contact_id, limit, cursor)


@router.get("/companies/{company_id}/timeline")
def company_timeline(
    company_id: str, request: Request, _caller: Viewer, limit: Limit = 100, cursor: Cursor = None
) -> Page[Event]:
    """Return the events of all messages to a company's people, the newest first."""
    theirs = sa.select(messages.c.message_id).where(messages.c.company_id == company_id)
    return _timeline(request, events.c.message_id.in_(theirs), limit, cursor)


def _timeline(request: Request, whose: sa.ColumnElement[bool], limit: int, cursor: str | None) -> Page[Event]:
    query = sa.select(*_EVENT).where(whose)
    query = query.order_by(events.c.occurred_at.desc(), events.c.event_id.desc()).limit(limit + 1)
    if (values := after(cursor, datetime, str)) is not None:
        query = query.where(older_than(values, events.c.occurred_at, events.c.event_id))
    with reading(request.app.state.engine) as connection:
        rows = connection.execute(query).mappings().all()
    return Page[Event].model_validate(page(rows, limit, "occurred_at", "event_id"))


def _shown(row: Any, caller: Caller) -> dict[str, Any]:
    return dict(row) if caller.sees_contact_details else {**row, "address": mask_address(row["address"])}
