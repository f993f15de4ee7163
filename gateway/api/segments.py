"""Segments and who is in them, since when and why."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel

from core.vocabulary import Role
from gateway.api.paging import Cursor, Limit, Page, after, page
from gateway.api.published import ask
from gateway.auth import Caller, needs

router = APIRouter(prefix="/segments", tags=["Segments"])
Viewer = Annotated[Caller, Depends(needs(Role.VIEWER))]


class Segment(BaseModel):
    """A segment's newest version."""

    segment_id: str
    name: str
    definition_version: int
    member_count: int
    computed_at: datetime


class Member(BaseModel):
    """A contact in a segment: once for each thing it is in it for."""

    contact_id: str
    company_id: str
    subject_type: str | None
    subject_id: str | None
    valid_from: datetime
    definition_version: int
    reason: str


@router.get("")
def list_segments(request: Request, response: Response, caller: Viewer) -> list[Segment]:
    """List the segments of the newest build."""
    return [Segment.model_validate(row) for row in ask(request, response, caller, "segments")]


@router.get("/{segment_id}/members")
def members(
    segment_id: str, request: Request, response: Response, caller: Viewer, limit: Limit = 100, cursor: Cursor = None
) -> Page[Member]:
    """List who is in a segment now, by contact."""
    contact_id, subject_id = after(cursor, str, str) or ("", "")
    rows = ask(
        request,
        response,
        caller,
        "segment_members",
        segment_id=segment_id,
        contact_id=contact_id,
        subject_id=subject_id,
        rows=limit + 1,
    )
    return Page[Member].model_validate(page(rows, limit, "contact_id", "subject_key"))
