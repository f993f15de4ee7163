"""Campaigns, their runs, and the holds that stop sending between two messages."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from core.ids import derived_id
from core.store.definition_tables import campaign_definitions, policy_versions
from core.store.inbox import insert_ignore
from core.store.tables import campaign_runs, campaigns, holds


@dataclass(frozen=True, kw_only=True)
class Run:
    """One occurrence of a campaign."""

    run_id: str
    campaign_id: str
    occurrence: str
    status: str
    definition_version: int
    segment_version: str
    policy_version: str
    snapshot_id: str
    decided_at: datetime
    parameters: dict[str, Any] | None
    audience: int | None


def save_campaign(
    connection: sa.Connection,
    definition: Mapping[str, Any],
    now: datetime,
    *,
    origin: str = "playbook",
    status: str = "scheduled",
    actor: str = "",
) -> int:
    """Keep a campaign's definition (``campaign_id, name, purpose`` at least) with its versions; returns its version.

    ``origin`` is ``playbook``, ``person`` or ``request``; ``status`` is a new campaign's.
    """
    content = dict(definition)
    campaign_id = content["campaign_id"]
    found = connection.execute(
        sa.select(campaigns.c.definition, campaigns.c.definition_version).where(campaigns.c.campaign_id == campaign_id)
    ).first()
    if found is not None and found.definition == content:
        return int(found.definition_version)
    version = 1 if found is None else int(found.definition_version) + 1
    values = {"name": content["name"], "purpose": content["purpose"], "definition": content, "updated_at": now}
    values["definition_version"] = version
    if found is None:
        connection.execute(
            sa.insert(campaigns).values(campaign_id=campaign_id, status=status, origin=origin, created_at=now, **values)
        )
    else:
        connection.execute(sa.update(campaigns).where(campaigns.c.campaign_id == campaign_id).values(**values))
    connection.execute(
        insert_ignore(connection, campaign_definitions).values(
            campaign_id=campaign_id, version=version, content=content, created_by=actor or origin, created_at=now
        )
    )
    return version


def load_definition(connection: sa.Connection, campaign_id: str, version: int) -> dict[str, Any] | None:
    """Return one version of a campaign's definition, or None."""
    table = campaign_definitions.c
    query = sa.select(table.content).where(table.campaign_id == campaign_id, table.version == version)
    found = connection.execute(query).scalar_one_or_none()
    return None if found is None else dict(found)


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
    """Open an occurrence, or return it as it stands: its id derives from campaign and occurrence.

    One that is not planned yet is decided again, by what stands now.
    """
    version = connection.execute(
        sa.select(campaigns.c.definition_version).where(campaigns.c.campaign_id == campaign_id)
    ).scalar_one()
    run_id = derived_id("run", campaign_id, occurrence)
    decided_by = {
        "definition_version": version,
        "segment_version": segment_version,
        "policy_version": policy_version,
        "snapshot_id": snapshot_id,
        "decided_at": now,
        "updated_at": now,
    }
    key = {"run_id": run_id, "campaign_id": campaign_id, "occurrence": occurrence}
    connection.execute(insert_ignore(connection, campaign_runs).values(**key, **decided_by, status="deciding"))
    is_open = sa.and_(campaign_runs.c.run_id == run_id, campaign_runs.c.status == "deciding")
    connection.execute(sa.update(campaign_runs).where(is_open).values(**decided_by))
    found = find_run(connection, run_id)
    assert found is not None  # noqa: S101 -- by us or by who came first
    return found


def find_run(connection: sa.Connection, run_id: str) -> Run | None:
    """Return one occurrence, or None."""
    names = [campaign_runs.c[each.name] for each in fields(Run)]
    row = connection.execute(sa.select(*names).where(campaign_runs.c.run_id == run_id)).mappings().first()
    return None if row is None else Run(**row)


def unplanned_runs(connection: sa.Connection, campaign_id: str) -> list[str]:
    """Return the runs of a campaign that were begun and not planned."""
    query = sa.select(campaign_runs.c.run_id).where(
        campaign_runs.c.campaign_id == campaign_id, campaign_runs.c.status == "deciding"
    )
    return list(connection.execute(query).scalars())


def first_run_at(connection: sa.Connection, campaign_id: str) -> datetime | None:
    """Return when a campaign's first occurrence was decided, or None."""
    query = sa.select(sa.func.min(campaign_runs.c.decided_at)).where(campaign_runs.c.campaign_id == campaign_id)
    found: datetime | None = connection.execute(query).scalar_one()
    return found


def note_parameters(connection: sa.Connection, run_id: str, parameters: Mapping[str, Any]) -> None:
    """Keep what a run's policy was told, so that it can be told again."""
    here = campaign_runs.c.run_id == run_id
    connection.execute(sa.update(campaign_runs).where(here).values(parameters=dict(parameters)))


def save_policy(connection: sa.Connection, policy_version: str, content: Mapping[str, Any], now: datetime) -> None:
    """Keep the SQL of a policy under its version."""
    row = {"policy_version": policy_version, "content": dict(content), "created_at": now}
    connection.execute(insert_ignore(connection, policy_versions).values(row))


def load_policy(connection: sa.Connection, policy_version: str) -> dict[str, Any] | None:
    """Return the SQL of a policy, or None."""
    query = sa.select(policy_versions.c.content).where(policy_versions.c.policy_version == policy_version)
    found = connection.execute(query).scalar_one_or_none()
    return None if found is None else dict(found)


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
