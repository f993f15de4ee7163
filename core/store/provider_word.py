"""A provider's word on our templates and our account: what it stops is held, what it approves again goes on."""

from datetime import datetime

import sqlalchemy as sa

from core.store.campaigns import lift_hold, set_hold
from core.store.tables import holds, templates

SET_BY = "provider"
# Who stopped a template for the provider's sake; what a person holds stays held.
_FOR_ITS_SAKE = (SET_BY, "senders")


def template_is(
    connection: sa.Connection, channel: str, name: str, language: str, status: str, reason: str, now: datetime
) -> list[str]:
    """Record the status of the templates that a provider knows by a name and language; returns their ids.

    ``status`` is approved, paused, rejected or disabled. All but approved hold the template, in every language.
    """
    of_channel = sa.select(templates.c.template_id, templates.c.language, templates.c.content).where(
        templates.c.channel == channel
    )
    found = sorted(
        {
            row.template_id
            for row in connection.execute(of_channel)
            if row.content.get("name") == name and language.partition("_")[0] == row.language.partition("_")[0]
        }
    )
    for template_id in found:
        connection.execute(
            sa.update(templates)
            .where(
                templates.c.template_id == template_id,
                templates.c.channel == channel,
                templates.c.language == language.partition("_")[0],
            )
            .values(provider_status=status, updated_at=now)
        )
        scope = f"template:{template_id}"
        if status != "approved":
            set_hold(connection, scope, reason, SET_BY, now)
        elif _set_by(connection, scope) in _FOR_ITS_SAKE and not _is_stopped(connection, template_id, channel):
            lift_hold(connection, scope)
    return found


def account_must_stop(connection: sa.Connection, channel: str, reason: str, now: datetime) -> None:
    """Hold everything of a channel until a person lifts it."""
    set_hold(connection, f"channel:{channel}", reason, SET_BY, now)


def _is_stopped(connection: sa.Connection, template_id: str, channel: str) -> bool:
    """Whether it is still stopped in another language."""
    other = sa.select(templates.c.language).where(
        templates.c.template_id == template_id,
        templates.c.channel == channel,
        templates.c.provider_status.not_in(("approved", "pending")),
    )
    return connection.execute(other.limit(1)).first() is not None


def _set_by(connection: sa.Connection, scope: str) -> str | None:
    return connection.execute(sa.select(holds.c.set_by).where(holds.c.scope == scope)).scalar_one_or_none()
