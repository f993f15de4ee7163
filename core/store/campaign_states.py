"""The life of a campaign: each step is guarded in SQL by the state and version it comes from, and audited with it."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa

from core.store import audit
from core.store.campaigns import standing_holds
from core.store.definition_tables import campaign_definitions
from core.store.ledger import IS_CLAIMED, IS_PLANNED
from core.store.tables import campaign_runs, campaigns, messages
from core.vocabulary import CampaignStatus

_C = campaigns.c


class Standing(NamedTuple):
    """A campaign as it stands. ``status`` may be ``sending`` or ``done`` too, which the ledger tells. Times are UTC."""

    campaign_id: str
    name: str
    purpose: str
    origin: str
    status: str
    definition_version: int
    approved_version: int | None
    approved_by: str | None
    scheduled_at: datetime | None
    updated_at: datetime
    definition: dict[str, Any]
    authors: tuple[str, ...]
    held: str | None


def find(connection: sa.Connection, campaign_id: str) -> Standing | None:
    """Return one campaign, or None."""
    return next(iter(_read(connection, _C.campaign_id == campaign_id)), None)


def list_all(connection: sa.Connection) -> list[Standing]:
    """Return every campaign of playbooks and people by its id."""
    return _read(connection, _C.origin != "request")


def move(
    connection: sa.Connection,
    campaign: Standing,
    *,
    allowed: Collection[CampaignStatus],
    to: CampaignStatus,
    actor: str,
    action: str,
    now: datetime,
    detail: Mapping[str, Any] | None = None,
    **changes: Any,
) -> bool:
    """Take a campaign, in the version we read, from one of the ``allowed`` states to another; False if it is in none.

    The audit line is written with it.
    """
    here = sa.and_(
        _C.campaign_id == campaign.campaign_id,
        _C.definition_version == campaign.definition_version,
        _C.status.in_(list(allowed)),
    )
    values = {"status": to, "updated_at": now, **changes}
    if not connection.execute(sa.update(campaigns).where(here).values(**values)).rowcount:
        return False
    more = {"version": campaign.definition_version, "from": campaign.status, "to": to, **(detail or {})}
    audit.write(connection, actor=actor, action=action, target=campaign.campaign_id, detail=more, now=now)
    return True


def is_running(connection: sa.Connection, campaign_id: str, version: int) -> bool:
    """Say whether a campaign is scheduled in this version; until the transaction ends nobody changes that."""
    here = sa.and_(_C.campaign_id == campaign_id, _C.definition_version == version, _C.status == "scheduled")
    return bool(connection.execute(sa.update(campaigns).where(here).values(status="scheduled")).rowcount)


def was_planned(connection: sa.Connection, campaign_id: str, occurrence: str) -> bool:
    """Say whether an occurrence has been decided and its messages planned."""
    here = (campaign_runs.c.campaign_id == campaign_id, campaign_runs.c.occurrence == occurrence)
    query = sa.select(campaign_runs.c.run_id).where(*here, campaign_runs.c.status == "planned")
    return connection.execute(query).first() is not None


def _read(connection: sa.Connection, condition: sa.ColumnElement[bool]) -> list[Standing]:
    rows = connection.execute(sa.select(campaigns).where(condition).order_by(_C.campaign_id)).mappings().all()
    held = standing_holds(connection)
    return [
        Standing(
            **{name: row[name] for name in Standing._fields[:4]},
            status=_status(connection, row),
            **{name: row[name] for name in Standing._fields[5:11]},
            authors=_authors(connection, row),
            held=held.get(f"campaign:{row['campaign_id']}") or held.get("all"),
        )
        for row in rows
    ]


def _status(connection: sa.Connection, row: sa.RowMapping) -> str:
    """Return the state: of what is scheduled the ledger knows whether it is sending, or done."""
    if row["status"] != CampaignStatus.SCHEDULED:
        return str(row["status"])
    its = sa.select(messages.c.message_id).where(messages.c.campaign_id == row["campaign_id"]).limit(1)
    if any(connection.execute(its.where(waits)).first() for waits in (IS_PLANNED, IS_CLAIMED)):
        return CampaignStatus.SENDING
    is_once = not row["definition"].get("cron")
    return CampaignStatus.DONE if is_once and was_planned(connection, row["campaign_id"], "once") else row["status"]


def _authors(connection: sa.Connection, row: sa.RowMapping) -> tuple[str, ...]:
    """Return who wrote what has not been approved yet."""
    table = campaign_definitions.c
    query = sa.select(table.created_by).distinct().order_by(table.created_by)
    query = query.where(table.campaign_id == row["campaign_id"], table.version > (row["approved_version"] or 0))
    return tuple(connection.execute(query).scalars())
