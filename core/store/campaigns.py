"""Campaigns, their runs, and the holds that stop sending between two messages."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from core.ids import derived_id
from core.store.inbox import insert_ignore
from core.store.tables import campaign_runs, campaigns, holds


@dataclass(frozen=True, kw_only=True)
class Run:
    """One occurrence of a campaign."""

    run_id: str
    campaign_id: str
    occurrence: str
    status: str
    snapshot_id: str
    audience: int | None


def save_campaign(connection: sa.Connection, definition: Mapping[str, Any], now: datetime) -> int:
    """Store a campaign's definition (keys ``campaign_id, name, purpose`` at least); returns its version."""
    content = dict(definition)
    campaign_id = content["campaign_id"]
    found = connection.execute(
        sa.select(campaigns.c.definition, campaigns.c.definition_version).where(campaigns.c.campaign_id == campaign_id)
    ).first()
    if found is not None and found.definition == content:
        return int(found.definition_version)
    values = {"name": content["name"], "purpose": content["purpose"], "definition": content, "updated_at": now}
    if found is not None:
        version = int(found.definition_version) + 1
        connection.execute(
            sa.update(campaigns)
            .where(campaigns.c.campaign_id == campaign_id)
            .values(**values, definition_version=version)
        )
        return version
    connection.execute(
        sa.insert(campaigns).values(
            campaign_id=campaign_id, status="active", created_at=now, definition_version=1, **values
        )
    )
    return 1


def campaign_status(connection: sa.Connection, campaign_id: str) -> str | None:
    """Return ``active``, ``paused`` or ``cancelled``; None when the campaign is unknown."""
    query = sa.select(campaigns.c.status).where(campaigns.c.campaign_id == campaign_id)
    return connection.execute(query).scalar_one_or_none()


def set_campaign_status(connection: sa.Connection, campaign_id: str, status: str, now: datetime) -> bool:
    """Change a campaign's status; False when there is no such campaign."""
    return bool(
        connection.execute(
            sa.update(campaigns).where(campaigns.c.campaign_id == campaign_id).values(status=status, updated_at=now)
        ).rowcount
    )


def begin_run(
    connection: sa.Connection,
    *,
    campaign_id: str,
    occurrence: str,
    snapshot_id: str,
    segment_version: str,
    policy_version: str,
    now: datetime,
) -> Run:
    """Open an occurrence, or return it as it stands: its id derives from campaign and occurrence."""
    version = connection.execute(
        sa.select(campaigns.c.definition_version).where(campaigns.c.campaign_id == campaign_id)
    ).scalar_one()
    run_id = derived_id("run", campaign_id, occurrence)
    connection.execute(
        insert_ignore(connection, campaign_runs).values(
            run_id=run_id,
            campaign_id=campaign_id,
            occurrence=occurrence,
            definition_version=version,
            segment_version=segment_version,
            policy_version=policy_version,
            snapshot_id=snapshot_id,
            status="deciding",
            decided_at=now,
            updated_at=now,
        )
    )
    row = connection.execute(sa.select(campaign_runs).where(campaign_runs.c.run_id == run_id)).one()
    return Run(
        run_id=row.run_id,
        campaign_id=row.campaign_id,
        occurrence=row.occurrence,
        status=row.status,
        snapshot_id=row.snapshot_id,
        audience=row.audience,
    )


def finish_run(connection: sa.Connection, run_id: str, *, audience: int, now: datetime) -> None:
    """Say that every decision is written and every message planned: the run will not be decided again."""
    connection.execute(
        sa.update(campaign_runs)
        .where(campaign_runs.c.run_id == run_id)
        .values(status="planned", audience=audience, planned_at=now, updated_at=now)
    )


def set_hold(connection: sa.Connection, scope: str, reason: str, set_by: str, now: datetime) -> None:
    """Stop sending for a scope: ``all``, ``channel:<c>``, ``campaign:<id>`` or ``template:<id>``."""
    connection.execute(
        insert_ignore(connection, holds).values(scope=scope, reason=reason, set_by=set_by, created_at=now)
    )


def lift_hold(connection: sa.Connection, scope: str) -> bool:
    """Let a scope send again; False when it was not held."""
    return bool(connection.execute(sa.delete(holds).where(holds.c.scope == scope)).rowcount)


_HELD = sa.text("select scope, reason from holds")  # asked at every claim


def standing_holds(connection: sa.Connection) -> dict[str, str]:
    """Return every held scope with its reason."""
    return {row[0]: row[1] for row in connection.execute(_HELD)}
