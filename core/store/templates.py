"""Templates, versioned: what a message was rendered from can be shown years later."""

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from core.errors import PermanentError
from core.store.tables import templates
from core.vocabulary import Channel

Key = tuple[str, str, str]  # template, channel, language


def save_template(
    connection: sa.Connection,
    *,
    template_id: str,
    channel: str,
    language: str,
    content: Mapping[str, Any],
    saved_by: str | None = None,
    now: datetime,
) -> int:
    """Store a template and return its version; an unchanged content keeps the version it has.

    Without ``saved_by`` it comes with the product: then what a person saved stands, and its version is returned. A new
    version has the provider's status of the last one; a person's first for WhatsApp waits for its approval.
    """
    digest = hashlib.sha256(json.dumps(content, sort_keys=True, ensure_ascii=False).encode()).hexdigest()
    newest = connection.execute(
        sa.select(
            templates.c.version,
            templates.c.content_hash,
            templates.c.saved_by,
            templates.c.provider_status,
            templates.c.quality,
        )
        .where(*_is(template_id, channel, language))
        .order_by(templates.c.version.desc())
        .limit(1)
    ).first()
    if newest is not None and (newest.content_hash == digest or (newest.saved_by and saved_by is None)):
        return int(newest.version)
    is_new_to_provider = newest is None and saved_by is not None and channel == Channel.WHATSAPP
    first = "pending" if is_new_to_provider else "approved"
    version = 1 if newest is None else int(newest.version) + 1
    connection.execute(
        sa.insert(templates).values(
            template_id=template_id,
            channel=channel,
            language=language,
            version=version,
            content_hash=digest,
            content=dict(content),
            provider_status=first if newest is None else newest.provider_status,
            quality=None if newest is None else newest.quality,
            saved_by=saved_by,
            created_at=now,
            updated_at=now,
        )
    )
    return version


def save_shipped(connection: sa.Connection, contents: Mapping[Key, Mapping[str, Any]], now: datetime) -> dict[Key, int]:
    """Store templates that come with the product; returns the newest version by (template, channel, language).

    Languages and channels that people added are among them.
    """
    for (template_id, channel, language), content in contents.items():
        save_template(connection, template_id=template_id, channel=channel, language=language, content=content, now=now)
    wanted = sorted({template_id for template_id, _, _ in contents})
    table = templates.c
    query = sa.select(table.template_id, table.channel, table.language, sa.func.max(table.version))
    query = query.where(table.template_id.in_(wanted)).group_by(table.template_id, table.channel, table.language)
    return {(row[0], row[1], row[2]): int(row[3]) for row in connection.execute(query)}


def load_template(
    connection: sa.Connection, template_id: str, channel: str, language: str, version: int
) -> dict[str, Any]:
    """Return a template's content. Raises PermanentError when there is no such version."""
    found = connection.execute(
        sa.select(templates.c.content).where(*_is(template_id, channel, language), templates.c.version == version)
    ).scalar_one_or_none()
    if found is None:
        raise PermanentError(f"no template {template_id} for {channel} in {language}, version {version}: plan again")
    return dict(found)


def template_states(connection: sa.Connection) -> list[dict[str, Any]]:
    """List every template's newest version with its provider status, quality and who saved it."""
    t = templates.alias("t")
    query = sa.select(
        t.c.template_id, t.c.channel, t.c.language, t.c.version, t.c.provider_status, t.c.quality, t.c.saved_by
    )
    return [dict(row) for row in connection.execute(query.where(is_newest(t))).mappings()]


def newest_templates(connection: sa.Connection, channel: str) -> list[dict[str, Any]]:
    """List the newest version of every template of a channel: ``template_id, language, content``."""
    t = templates.alias("t")
    query = sa.select(t.c.template_id, t.c.language, t.c.content).where(t.c.channel == channel, is_newest(t))
    return [dict(row) for row in connection.execute(query.order_by(t.c.template_id, t.c.language)).mappings()]


def is_newest(t: sa.FromClause) -> sa.ColumnElement[bool]:
    """Return the condition for the newest version of each template, channel and language."""
    every = templates.alias("every")
    newest = sa.select(sa.func.max(every.c.version)).where(
        *(every.c[name] == t.c[name] for name in ("template_id", "channel", "language"))
    )
    return t.c.version == newest.correlate(t).scalar_subquery()


def _is(template_id: Any, channel: Any, language: Any) -> tuple[sa.ColumnElement[bool], ...]:
    table = templates.c
    return table.template_id == template_id, table.channel == channel, table.language == language
