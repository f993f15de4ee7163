"""Campaigns, their progress, and what their runs came to."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any

import sqlalchemy as sa
from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel

from core.store import outbox
from core.store.engine import reading
from core.store.tables import campaigns
from core.vocabulary import Channel, Outcome, Purpose, Role
from gateway.api.paging import Cursor, Limit, Page, after, page
from gateway.api.published import ask
from gateway.auth import Caller, needs
from gateway.problems import ProblemError

router = APIRouter(prefix="/campaigns", tags=["Campaigns"])
Viewer = Annotated[Caller, Depends(needs(Role.VIEWER))]


class Campaign(BaseModel):
    """A campaign as it is defined now."""

    campaign_id: str
    name: str
    purpose: Purpose
    status: str
    definition_version: int
    updated_at: datetime


class Waiting(BaseModel):
    """Messages that wait, and why."""

    channel: Channel
    messages: int
    reason: str
    not_before: datetime | None


class Progress(Campaign):
    """A campaign and how far its messages have come."""

    messages: int
    by_status: dict[str, int]
    left: int
    sent_a_minute: float
    minutes_left: float | None
    waiting: list[Waiting]


class Result(BaseModel):
    """What one run came to, by variant and channel; `lift` is of the companies treated over those held out."""

    run_id: str
    campaign_id: str
    variant: str | None
    channel: str | None
    currency: str | None
    decided_at: datetime
    audience: int
    held_out: int
    sent: int
    delivered: int
    opened_raw: int
    opened_human: int
    clicked_raw: int
    clicked_human: int
    replied: int
    unsubscribed: int
    bounced: int
    failed: int
    converted: int | None
    converted_holdout: int | None
    lift: float | None
    lift_low: float | None
    lift_high: float | None
    revenue: Decimal | None
    incremental_revenue: Decimal | None
    cost: Decimal | None
    cost_currency: str | None
    unpriced: int


class Decided(BaseModel):
    """How many contacts of a run got an outcome; the rows of a run sum to its audience."""

    run_id: str
    step: str
    outcome: Outcome
    contacts: int


_CAMPAIGN = [campaigns.c[name] for name in Campaign.model_fields]


@router.get("")
def list_campaigns(request: Request, _caller: Viewer, limit: Limit = 100, cursor: Cursor = None) -> Page[Campaign]:
    """List campaigns by their id."""
    query = sa.select(*_CAMPAIGN).order_by(campaigns.c.campaign_id).limit(limit + 1)
    if (values := after(cursor, str)) is not None:
        query = query.where(campaigns.c.campaign_id > values[0])
    with reading(request.app.state.engine) as connection:
        rows = connection.execute(query).mappings().all()
    return Page[Campaign].model_validate(page(rows, limit, "campaign_id"))


@router.get("/{campaign_id}")
def one_campaign(campaign_id: str, request: Request, _caller: Viewer) -> Progress:
    """Return a campaign with its messages by status, its pace, and what waits for which reason."""
    state = request.app.state
    with reading(state.engine) as connection:
        found: Any = connection.execute(sa.select(*_CAMPAIGN).where(campaigns.c.campaign_id == campaign_id)).mappings()
        if (row := found.first()) is None:
            raise ProblemError(404, "no-such-campaign", f"there is no campaign {campaign_id}")
        return Progress.model_validate({**row, **outbox.progress(connection, campaign_id, state.clock())})


@router.get("/{campaign_id}/results")
def results(campaign_id: str, request: Request, response: Response, caller: Viewer) -> list[Result]:
    """Return what every run came to, the newest first: the numbers of `marts.campaign_results`."""
    rows = ask(request, response, caller, "campaign_results", campaign_id=campaign_id)
    return [Result.model_validate(row) for row in rows]


@router.get("/{campaign_id}/decisions")
def decisions(campaign_id: str, request: Request, response: Response, caller: Viewer) -> list[Decided]:
    """Return how many contacts of every run were sent to, held out, suppressed, capped …, the newest run first."""
    rows = ask(request, response, caller, "campaign_decisions", campaign_id=campaign_id)
    return [Decided.model_validate(row) for row in rows]
