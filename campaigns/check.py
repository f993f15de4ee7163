"""Checking a draft: what would go wrong when it is sent, found by deciding and rendering it all now."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from campaigns import definitions, preview, states
from campaigns.playbooks import Playbook
from core.errors import PermanentError
from core.store.engine import reading

_SHOWN = 20
_DATES = {"contract": {"start_date", "end_date"}, "invoice": {"issue_date", "due_date"}}
_STOPS = {"paid": "invoice", "renewed": "contract"}


@dataclass(frozen=True, kw_only=True)
class Checked:
    """``problems`` forbid sending; ``warnings`` are for whoever approves. ``status`` is what the campaign is now."""

    campaign_id: str
    version: int
    status: str
    problems: list[str]
    warnings: list[str]
    waterfall: preview.Waterfall | None = field(default=None)


def check(connection: Any, engine: sa.Engine, campaign_id: str, *, by: str, now: datetime) -> Checked:
    """Decide and render a draft as if it ran now; without problems it becomes ``checked``.

    ``connection`` is the warehouse or ``looking.over_copy``: only the store is written. Raises PermanentError for a
    campaign that is no draft any more, or that there is not.
    """
    with reading(engine) as store:
        campaign = states.require(store, campaign_id)
    playbook = definitions.from_standing(campaign)
    problems, warnings, fall = _examine(connection, engine, playbook, now)
    status = campaign.status
    if not problems:
        found = {"warnings": warnings[:_SHOWN], "audience": fall and fall.audience, "sends": fall and fall.will_send}
        states.mark_checked(engine, campaign, by=by, now=now, found=found)
        status = "checked"
    return Checked(
        campaign_id=campaign_id,
        version=campaign.definition_version,
        status=status,
        problems=problems,
        warnings=warnings,
        waterfall=fall,
    )


def _examine(
    connection: Any, engine: sa.Engine, playbook: Playbook, now: datetime
) -> tuple[list[str], list[str], preview.Waterfall | None]:
    """Return problems, warnings and the waterfall."""
    try:
        look = preview.look(connection, engine, playbook, now)
        fall = preview.waterfall(look)
        used = connection.execute("select distinct step, variant from considered order by all").fetchall()
        problems = preview.spoken(playbook, used) + _misfits(connection, playbook)
        if problems:
            return problems, [], fall
        return *_blanks(preview.completeness(look)), fall
    except PermanentError as error:
        return [str(error)], [], None


def _blanks(found: preview.Completeness) -> tuple[list[str], list[str]]:
    """Return a template's fault that stops all its messages as a problem, a person's as a warning."""
    problems, warnings = [], []
    counted = Counter(blank.problem for blank in found.blanks)
    for problem, count in counted.most_common():
        if found.messages > 1 and count == found.messages:
            problems.append(f"no message can be rendered: {problem}")
        else:
            warnings.append(f"{count} of {found.messages} messages would stop: {problem}")
    if not found.messages:
        warnings.append("nobody would get a message now")
    return problems, warnings


def _misfits(connection: Any, playbook: Playbook) -> list[str]:
    """Name a trigger or stop condition that asks about something the segment is not about."""
    query = "select distinct subject_type from considered order by all"
    subjects = {kind for (kind,) in connection.execute(query).fetchall()}
    if not subjects:
        return []
    found = [
        f"stop_when: {stop}: the segment {playbook.segment} is not about an {subject}"
        for stop, subject in _STOPS.items()
        if stop in playbook.stop_when and subject not in subjects
    ]
    date = playbook.trigger.field if playbook.trigger else None
    if date and not any(date in _DATES.get(kind, set()) for kind in subjects):
        found.append(f"trigger: the segment {playbook.segment} is about nothing that has a {date}")
    return found
