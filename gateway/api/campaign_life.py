"""The life of a campaign: each step is the function that command line and dashboard use, and leaves its audit line."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, ConfigDict, Field

from campaigns import definitions, states
from campaigns.check import check as examine
from campaigns.looking import over_copy
from core.errors import PermanentError
from core.store.campaign_states import Standing
from core.vocabulary import CampaignStatus, Role
from gateway.auth import Caller, needs
from gateway.problems import ProblemError
from warehouse import publish

router = APIRouter(prefix="/campaigns", tags=["Life of a campaign"])
Marketer = Annotated[Caller, Depends(needs(Role.MARKETER))]


class Draft(BaseModel):
    """A campaign in the shape of a playbook with its messages: see docs/campaigns.md."""

    model_config = ConfigDict(extra="forbid")
    definition: dict[str, Any] = Field(description="What `bma campaign draft` reads from a file.")


class Reason(BaseModel):
    """Why it is paused, for whoever looks at it next."""

    model_config = ConfigDict(extra="forbid")
    reason: str = Field(min_length=3, max_length=500)


class Stands(BaseModel):
    """Where a campaign stands after the step."""

    campaign_id: str
    status: CampaignStatus
    definition_version: int
    approved_by: str | None
    next_run: datetime | None = None


class Found(BaseModel):
    """What a check found: `problems` forbid sending, `warnings` are for whoever approves."""

    campaign_id: str
    version: int
    status: CampaignStatus
    problems: list[str]
    warnings: list[str]


class Cancelled(Stands):
    """A campaign after its messages were cancelled."""

    cancelled: int = Field(description="Messages that were planned and not yet claimed.")


@router.post("", status_code=201)
def draft(wish: Draft, request: Request, caller: Marketer) -> Stands:
    """Keep a new or changed campaign as a draft; what is changed must be checked and approved again."""
    state = request.app.state
    with _as_problem(400, "wrong-definition"):
        states.create_draft(state.engine, wish.definition, by=caller.actor, now=state.clock())
    return _stands(request, str(wish.definition["campaign_id"]))


@router.post("/{campaign_id}/check")
def check(campaign_id: str, request: Request, caller: Marketer) -> Found:
    """Decide and render a draft as if it ran now, on the published copy; without problems it is checked."""
    state = request.app.state
    _require(request, campaign_id)
    version = publish.newest(state.serve_dir)
    if version is None:
        raise ProblemError(503, "nothing-published", "nothing is published yet", headers={"Retry-After": "60"})
    with _as_problem(), over_copy(version, state.warehouse_key, state.engine) as connection:
        found = examine(connection, state.engine, campaign_id, by=caller.actor, now=state.clock())
    return Found.model_validate(found, from_attributes=True)


@router.post("/{campaign_id}/approve")
def approve(campaign_id: str, request: Request, caller: Marketer) -> Stands:
    """Approve a checked campaign that somebody else wrote. It takes a person: a service token cannot."""
    state = request.app.state
    _require(request, campaign_id)
    if not caller.is_person:
        raise ProblemError(403, "person-needed", "a campaign is approved by a person who signed in, not by a machine")
    by_another = state.settings.approval_by_another
    with _as_problem():
        states.approve(state.engine, campaign_id, by=caller.actor, now=state.clock(), by_another=by_another)
    return _stands(request, campaign_id)


@router.post("/{campaign_id}/schedule")
def schedule(campaign_id: str, request: Request, caller: Marketer) -> Stands:
    """Let an approved campaign run at its times from now on."""
    state = request.app.state
    _require(request, campaign_id)
    with _as_problem():
        slot = states.schedule(state.engine, campaign_id, by=caller.actor, now=state.clock())
    return _stands(request, campaign_id).model_copy(update={"next_run": slot})


@router.post("/{campaign_id}/pause")
def pause(campaign_id: str, why: Reason, request: Request, caller: Marketer) -> Stands:
    """Stop a campaign between two messages, and its next occurrences."""
    state = request.app.state
    _require(request, campaign_id)
    with _as_problem():
        states.pause(state.engine, campaign_id, by=caller.actor, reason=why.reason, now=state.clock())
    return _stands(request, campaign_id)


@router.post("/{campaign_id}/resume")
def resume(campaign_id: str, request: Request, caller: Marketer) -> Stands:
    """Let a paused campaign, or one that is only held, go on."""
    state = request.app.state
    _require(request, campaign_id)
    with _as_problem():
        states.resume(state.engine, campaign_id, by=caller.actor, now=state.clock())
    return _stands(request, campaign_id)


@router.post("/{campaign_id}/cancel")
def cancel(campaign_id: str, request: Request, caller: Marketer) -> Cancelled:
    """Cancel what is planned and not yet claimed; a campaign that people made is over then."""
    state = request.app.state
    _require(request, campaign_id)
    with _as_problem():
        number = states.cancel(state.engine, campaign_id, by=caller.actor, now=state.clock())
    return Cancelled(cancelled=number, **_stands(request, campaign_id).model_dump())


@contextmanager
def _as_problem(status: int = 409, name: str = "not-now") -> Iterator[None]:
    """Turn what the life of campaigns refuses into an answer: the text says what to do first."""
    try:
        yield
    except PermanentError as error:
        raise ProblemError(status, name, str(error)) from error


def _require(request: Request, campaign_id: str) -> None:
    found = states.find_state(request.app.state.engine, campaign_id)
    is_known = definitions.is_shipped(campaign_id) if found is None else found.origin != "request"
    if not is_known:
        raise ProblemError(404, "no-such-campaign", f"there is no campaign {campaign_id}")


def _stands(request: Request, campaign_id: str) -> Stands:
    found = states.find_state(request.app.state.engine, campaign_id)
    assert isinstance(found, Standing)  # noqa: S101 -- the step was done
    return Stands.model_validate(found, from_attributes=True)
