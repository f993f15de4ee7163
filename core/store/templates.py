"""Templates, versioned: what a message was rendered from can be shown years later."""

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from core.errors import PermanentError
from core.store.tables import templates


def save_template(
    connection: sa.Connection,
    *,
    template_id: str,
    channel: str,
    language: str,
    content: Mapping[str, Any],
    provider_status: str = "approved",
    now: datetime,
) -> int:
    """Store a template and return its version; an unchanged content keeps the version it has."""
    digest = hashlib.sha256(json.dumps(content, sort_keys=True, ensure_ascii=False).encode()).hexdigest()
    newest = connection.execute(
        sa.select(templates.c.version, templates.c.content_hash)
        .where(*_is(template_id, channel, language))
        .order_by(templates.c.version.desc())
        .limit(1)
    ).first()
    if newest is not None and newest.content_hash == digest:
        return int(newest.version)
    version = 1 if newest is None else int(newest.version) + 1
    connection.execute(
        sa.insert(templates).values(
            template_id=template_id,
            channel=channel,
            language=language,
            version=version,
            content_hash=digest,
            content=dict(content),
            provider_status=provider_status,
            created_at=now,
            updated_at=now,
        )
    )
    return version


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
    """List every template's newest version with its provider status and quality."""
    newest = (
        sa.select(sa.func.max(templates.c.version))
        .where(
            templates.c.template_id == sa.literal_column("t.template_id"),
            templates.c.channel == sa.literal_column("t.channel"),
            templates.c.language == sa.literal_column("t.language"),
        )
        .scalar_subquery()
    )
    t = templates.alias("t")
    query = sa.select(t.c.template_id, t.c.channel, t.c.language, t.c.version, t.c.provider_status, t.c.quality)
    return [dict(row) for row in connection.execute(query.where(t.c.version == newest)).mappings()]


def _is(template_id: str, channel: str, language: str) -> tuple[sa.ColumnElement[bool], ...]:
    table = templates.c
    return table.template_id == template_id, table.channel == channel, table.language == language
