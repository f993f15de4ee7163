"""Templates: what may be sent, what the provider says of it, and every version that was ever saved."""

from datetime import datetime
from typing import Annotated, Any

import sqlalchemy as sa
from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, Field

from core.store.engine import reading
from core.store.tables import templates
from core.store.templates import is_newest
from core.vocabulary import Channel, Role
from gateway.api.paging import Cursor, Limit, Page, after, page
from gateway.auth import Caller, needs
from gateway.problems import ProblemError

router = APIRouter(prefix="/templates", tags=["Templates"])
Viewer = Annotated[Caller, Depends(needs(Role.VIEWER))]
_PLACE = ("template_id", "channel", "language", "version")


class Template(BaseModel):
    """One version of a template on one channel in one language."""

    template_id: str
    channel: Channel
    language: str
    version: int
    provider_status: str = Field(
        description="approved, pending, paused, rejected, disabled, missing or mismatched; only approved ones are sent."
    )
    quality: str | None = Field(description="WhatsApp's word: green, yellow or red.")
    saved_by: str | None = Field(description="Who wrote it; null: it came with the product.")
    created_at: datetime
    updated_at: datetime


class TemplateContent(Template):
    """A version with its words."""

    content: dict[str, Any]


_SHOWN = [templates.c[name] for name in Template.model_fields]


@router.get("")
def list_templates(
    request: Request, _caller: Viewer, channel: Channel | None = None, limit: Limit = 100, cursor: Cursor = None
) -> Page[Template]:
    """List the newest version of every template, and what its provider says of it."""
    query = sa.select(*_SHOWN).where(is_newest(templates))
    if channel is not None:
        query = query.where(templates.c.channel == channel)
    return _paged(request, query, limit, cursor)


@router.get("/{template_id}")
def versions(
    template_id: str, request: Request, _caller: Viewer, limit: Limit = 100, cursor: Cursor = None
) -> Page[Template]:
    """List all versions of a template, by channel and language."""
    query = sa.select(*_SHOWN).where(templates.c.template_id == template_id)
    found = _paged(request, query, limit, cursor)
    if not found.items and cursor is None:
        raise ProblemError(404, "no-such-template", f"there is no template {template_id}")
    return found


@router.get("/{template_id}/{channel}/{language}/{version}")
def one_version(
    template_id: str, channel: Channel, language: str, version: int, request: Request, _caller: Viewer
) -> TemplateContent:
    """Return a version with its words: what a message was rendered from can be shown years later."""
    wanted = zip(_PLACE, (template_id, channel, language, version), strict=True)
    query = sa.select(*_SHOWN, templates.c.content).where(*(templates.c[name] == value for name, value in wanted))
    with reading(request.app.state.engine) as connection:
        row = connection.execute(query).mappings().first()
    if row is None:
        raise ProblemError(404, "no-such-template", f"there is no such version of template {template_id}")
    return TemplateContent.model_validate(dict(row))


def _paged(request: Request, query: sa.Select[Any], limit: int, cursor: str | None) -> Page[Template]:
    columns = [templates.c[name] for name in _PLACE]
    if (values := after(cursor, str, str, str, int)) is not None:
        bound = [sa.literal(value, column.type) for value, column in zip(values, columns, strict=True)]
        query = query.where(sa.tuple_(*columns) > sa.tuple_(*bound))
    with reading(request.app.state.engine) as connection:
        rows = connection.execute(query.order_by(*columns).limit(limit + 1)).mappings().all()
    return Page[Template].model_validate(page(rows, limit, *_PLACE))
