"""The life of a campaign, for command line, API and dashboard alike.

draft → checked → approved → scheduled → sending → done; scheduled ⇄ paused; any of them → cancelled.
Playbooks begin as scheduled: the review that shipped them approved them, unless the installation wants more. A changed
definition is a draft again. ``sending`` and ``done`` are what the ledger says of a scheduled campaign.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from campaigns import definitions
from campaigns.playbooks import ONCE, Playbook
from core.errors import PermanentError
from core.store import audit, campaign_states, ledger
from core.store import campaigns as store_campaigns
from core.store.campaign_states import Standing
from core.store.engine import reading
from core.vocabulary import CampaignStatus as Is

_BEFORE_SENDING = (Is.DRAFT, Is.CHECKED, Is.APPROVED)
_NEXT = {
    Is.DRAFT: "`bma campaign check` it",
    Is.CHECKED: "somebody must `bma campaign approve` it",
    Is.APPROVED: "`bma campaign schedule` it",
    Is.PAUSED: "`bma campaign resume` it",
    Is.CANCELLED: "it is over: make a new one under another name",
    Is.DONE: "it is over: make a new one under another name",
}


@dataclass(frozen=True, kw_only=True)
class Admission:
    """Whether a campaign may decide an occurrence now; else ``reason`` says why not and what to do."""

    occurrence: str
    version: int
    reason: str = ""


def create_draft(engine: sa.Engine, definition: Mapping[str, Any], *, by: str, now: datetime) -> int:
    """Keep a new or changed definition as a draft and return its version; one that has not changed stays as it is.

    What is changed must be checked and approved again; messages planned before stay. Raises PermanentError for a
    definition that is wrong or has another's name, and for a campaign that is over.
    """
    playbook = definitions.read(definition)
    others = tuple(each for each in definitions.all_campaigns(engine) if each.campaign_id != playbook.campaign_id)
    definitions.require_own_names(playbook, others)
    definitions.variables_of(playbook)
    content = playbook.model_dump(mode="json")
    with engine.begin() as store:
        before = campaign_states.find(store, playbook.campaign_id)
        if before is not None and before.status in (Is.CANCELLED, Is.DONE):
            raise _refusal(before, "changed")
        if before is not None and before.definition == content:
            return before.definition_version
        if campaign_states.was_planned(store, playbook.campaign_id, ONCE):
            raise PermanentError(f"campaign {playbook.campaign_id} was sent: make a new one under another name")
        version = store_campaigns.save_campaign(store, content, now, origin="person", status=Is.DRAFT, actor=by)
        drafted = campaign_states.find(store, playbook.campaign_id)
        assert drafted is not None  # noqa: S101 -- written above
        _step(store, drafted, tuple(Is), Is.DRAFT, by, "draft", now)
    return version


def mark_checked(engine: sa.Engine, campaign: Standing, *, by: str, now: datetime, found: Mapping[str, Any]) -> None:
    """Say that a draft was looked at and nothing forbids sending it; what is checked already stays so."""
    with engine.begin() as store:
        _step(store, campaign, (Is.DRAFT, Is.CHECKED), Is.CHECKED, by, "check", now, found)


def approve(engine: sa.Engine, campaign_id: str, *, by: str, now: datetime, by_another: bool = True) -> None:
    """Approve a checked campaign, in the version it has. ``by_another``: not by anybody who wrote what is approved."""
    with engine.begin() as store:
        campaign = require(store, campaign_id)
        if campaign.status != Is.CHECKED:
            raise _refusal(campaign, "approved")
        if by_another and by in campaign.authors:
            raise PermanentError(f"{by} wrote campaign {campaign_id}: another person must approve it")
        changes: dict[str, Any] = {"approved_version": campaign.definition_version, "approved_by": by}
        to = Is.SCHEDULED if campaign.origin == "playbook" else Is.APPROVED
        if to is Is.SCHEDULED:
            changes["scheduled_at"] = now
        _step(store, campaign, (Is.CHECKED,), to, by, "approve", now, **changes)


def schedule(engine: sa.Engine, campaign_id: str, *, by: str, now: datetime) -> datetime | None:
    """Let an approved campaign run at its times from now on; returns the next one (UTC).

    Raises PermanentError where its only time is over.
    """
    with engine.begin() as store:
        campaign = require(store, campaign_id)
        if campaign.status != Is.APPROVED or campaign.approved_version != campaign.definition_version:
            raise _refusal(campaign, "scheduled")
        slot = definitions.from_standing(campaign).next_slot(now)
        if slot is None:
            raise PermanentError(f"campaign {campaign_id} was to go out once, at a time that is over: change `at`")
        _step(store, campaign, (Is.APPROVED,), Is.SCHEDULED, by, "schedule", now, scheduled_at=now)
        store_campaigns.lift_hold(store, _scope(campaign_id))  # of a pause before it was changed
    return slot


def pause(engine: sa.Engine, campaign_id: str, *, by: str, reason: str, now: datetime) -> None:
    """Stop a campaign between two messages, and its next occurrences."""
    _know_playbook(engine, campaign_id, now)
    with engine.begin() as store:
        campaign = require(store, campaign_id)
        if campaign.status not in (Is.SCHEDULED, Is.SENDING):
            raise _refusal(campaign, "paused")
        _step(store, campaign, (Is.SCHEDULED,), Is.PAUSED, by, "pause", now, {"reason": reason})
        store_campaigns.set_hold(store, _scope(campaign_id), reason, by, now)


def resume(engine: sa.Engine, campaign_id: str, *, by: str, now: datetime) -> None:
    """Let a paused campaign, or one that is only held, go on."""
    with engine.begin() as store:
        campaign = campaign_states.find(store, campaign_id)
        was_held = store_campaigns.lift_hold(store, _scope(campaign_id))
        if campaign is not None and campaign.status == Is.PAUSED:
            _step(store, campaign, (Is.PAUSED,), Is.SCHEDULED, by, "resume", now)
        elif was_held:
            audit.write(store, actor=by, action="resume", target=campaign_id, detail={}, now=now)
        else:
            raise PermanentError(f"campaign {campaign_id} is not paused: see `bma campaign list`")


def cancel(engine: sa.Engine, campaign_id: str, *, by: str, now: datetime) -> int:
    """Cancel what is planned and not yet claimed; returns how many messages.

    A campaign that people made is over then; a playbook's next occurrence comes, unless it is paused.
    """
    _know_playbook(engine, campaign_id, now)
    with engine.begin() as store:
        campaign = require(store, campaign_id)
        if campaign.status in (Is.CANCELLED, Is.DONE):
            raise _refusal(campaign, "cancelled")
        cancelled = ledger.cancel_campaign(store, campaign_id, reason="cancelled by hand", at=now)
        if campaign.origin == "playbook":
            detail = {"messages": cancelled}
            audit.write(store, actor=by, action="cancel", target=campaign_id, detail=detail, now=now)
        else:
            allowed = (*_BEFORE_SENDING, Is.SCHEDULED, Is.PAUSED)
            _step(store, campaign, allowed, Is.CANCELLED, by, "cancel", now, {"messages": cancelled})
            store_campaigns.lift_hold(store, _scope(campaign_id))
    return cancelled


def find_state(engine: sa.Engine, campaign_id: str) -> Standing | None:
    """Return a campaign as it stands, or None; a playbook that never ran is not there yet."""
    with reading(engine) as store:
        return campaign_states.find(store, campaign_id)


def list_states(engine: sa.Engine) -> list[Standing]:
    """Return every campaign of playbooks and people as it stands, by its id."""
    with reading(engine) as store:
        return campaign_states.list_all(store)


def admit(store: sa.Connection, playbook: Playbook, *, now: datetime, approves_playbooks: bool) -> Admission:
    """Say whether a campaign may decide now, and which occurrence; a playbook's newest definition is kept first."""
    content = playbook.model_dump(mode="json")
    if definitions.is_shipped(playbook.campaign_id):
        _keep_playbook(store, content, now, approves_playbooks=approves_playbooks)
    campaign = require(store, playbook.campaign_id)
    fine = Admission(occurrence=playbook.occurrence(now), version=campaign.definition_version)
    if campaign.status not in (Is.SCHEDULED, Is.SENDING, Is.DONE):
        return replace(fine, reason=str(_refusal(campaign, "run")))
    if campaign.definition != content:
        return replace(fine, reason=f"campaign {playbook.campaign_id} was changed meanwhile: run it again")
    if campaign.origin == "person" and not is_due(playbook, campaign, now):
        return replace(fine, reason=f"campaign {playbook.campaign_id} is not due before {playbook.next_slot(now)}")
    return fine


def due(engine: sa.Engine, now: datetime) -> list[str]:
    """Return the campaigns that people made and whose newest occurrence is not decided yet, most urgent first."""
    found = []
    with reading(engine) as store:
        for campaign in campaign_states.list_all(store):
            if campaign.origin == "person" and campaign.status in (Is.SCHEDULED, Is.SENDING):
                playbook = definitions.from_standing(campaign)
                is_new = not campaign_states.was_planned(store, campaign.campaign_id, playbook.occurrence(now))
                if is_new and is_due(playbook, campaign, now):
                    found.append((playbook.priority, campaign.campaign_id))
    return [campaign_id for _, campaign_id in sorted(found)]


def is_due(playbook: Playbook, campaign: Standing, now: datetime) -> bool:
    """Say whether a slot came since the campaign was scheduled: those before it are not caught up."""
    slot = playbook.slot(now)
    return campaign.scheduled_at is not None and campaign.scheduled_at <= slot <= now


def require(store: sa.Connection, campaign_id: str) -> Standing:
    """Return a campaign as it stands. Raises PermanentError where there is none."""
    campaign = campaign_states.find(store, campaign_id)
    if campaign is None or campaign.origin == "request":
        raise PermanentError(f"there is no campaign {campaign_id!r}: see `bma campaign list`")
    return campaign


def _know_playbook(engine: sa.Engine, campaign_id: str, now: datetime) -> None:
    """Keep a playbook that never ran, so that it can be paused before. Raises PermanentError for an unknown one."""
    content = definitions.find(engine, campaign_id).model_dump(mode="json")
    if definitions.is_shipped(campaign_id):
        with engine.begin() as store:
            if campaign_states.find(store, campaign_id) is None:
                store_campaigns.save_campaign(store, content, now)


def _keep_playbook(
    store: sa.Connection, content: Mapping[str, Any], now: datetime, *, approves_playbooks: bool
) -> None:
    store_campaigns.save_campaign(store, content, now)
    campaign = require(store, str(content["campaign_id"]))
    waits = approves_playbooks and campaign.approved_version != campaign.definition_version
    if waits and campaign.status in (Is.SCHEDULED, Is.SENDING):
        detail = {"reason": "this installation approves playbooks too"}
        _step(store, campaign, (Is.SCHEDULED,), Is.DRAFT, "playbook", "draft", now, detail)
    elif not approves_playbooks and campaign.status in _BEFORE_SENDING:
        detail = {"reason": "the review that shipped it approved it"}
        _step(store, campaign, _BEFORE_SENDING, Is.SCHEDULED, "playbook", "schedule", now, detail)


def _step(
    store: sa.Connection,
    campaign: Standing,
    allowed: tuple[Is, ...],
    to: Is,
    by: str,
    action: str,
    now: datetime,
    detail: Mapping[str, Any] | None = None,
    **changes: Any,
) -> None:
    moved = campaign_states.move(
        store, campaign, allowed=allowed, to=to, actor=by, action=action, now=now, detail=detail, **changes
    )
    if not moved:
        raise PermanentError(f"campaign {campaign.campaign_id} was changed by somebody else at this moment: look again")


def _refusal(campaign: Standing, wish: str) -> PermanentError:
    hint = _NEXT.get(Is(campaign.status), "see `bma campaign list`")
    return PermanentError(f"campaign {campaign.campaign_id} is {campaign.status} and cannot be {wish}: {hint}")


def _scope(campaign_id: str) -> str:
    return f"campaign:{campaign_id}"
