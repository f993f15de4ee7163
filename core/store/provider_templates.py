"""A provider's list of our templates: whether each may be sent as we have it, and how people like it."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa

from core.store.provider_word import template_is
from core.store.tables import templates
from core.store.templates import newest_templates

# What the provider stopped is held for messages planned already too; the others are for the policy to say.
_STOPPED = frozenset({"paused", "rejected", "disabled"})


class Listed(NamedTuple):
    """A template as the provider lists it; ``parameters`` is how many values its text takes, None where it is not told.

    ``status`` is approved, pending, paused, rejected or disabled; ``quality`` green, yellow, red or None.
    """

    name: str
    language: str
    status: str
    quality: str | None
    parameters: int | None


class State(NamedTuple):
    """What became of one of our templates: its status from now on, and in words why."""

    template_id: str
    language: str
    status: str
    quality: str | None
    reason: str


def heed(connection: sa.Connection, channel: str, listed: Iterable[Listed], now: datetime) -> list[State]:
    """Give every template of ours the status it has at the provider; returns them all.

    One that is not listed in the language we send is ``missing``, one that takes another number of values than we give
    is ``mismatched``: either would be refused, so neither is sent.
    """
    known = {(each.name, each.language): each for each in listed}
    states = []
    for row in newest_templates(connection, channel):
        if row["content"].get("is_personal"):
            continue  # free text within the person's window: the provider has no template of it
        state = _state(row, known)
        reason = f"{channel} lists it as {state.status}: {state.reason}"
        if state.status == "approved" or state.status in _STOPPED:
            template_is(connection, channel, row["content"]["name"], state.language, state.status, reason, now)
        place = (
            templates.c.template_id == state.template_id,
            templates.c.channel == channel,
            templates.c.language == state.language,
        )
        is_news = sa.or_(
            templates.c.provider_status != state.status, templates.c.quality.is_distinct_from(state.quality)
        )
        changes = {"provider_status": state.status, "quality": state.quality, "updated_at": now}
        connection.execute(sa.update(templates).where(*place, is_news).values(**changes))
        states.append(state)
    return states


def _state(row: dict[str, Any], known: dict[tuple[str, str], Listed]) -> State:
    content, language = row["content"], row["language"]
    found = known.get((content["name"], language))
    if found is None:
        others = sorted(other for name, other in known if name == content["name"])
        reason = f"submit it for approval in {language}" + (f"; it has {', '.join(others)}" if others else "")
        return State(row["template_id"], language, "missing", None, reason)
    given = len(content["parameters"])
    if found.status == "approved" and found.parameters is not None and found.parameters != given:
        reason = f"its text there takes {found.parameters} values, ours gives {given}"
        return State(row["template_id"], language, "mismatched", found.quality, reason)
    return State(row["template_id"], language, found.status, found.quality, f"quality {found.quality or 'not rated'}")
