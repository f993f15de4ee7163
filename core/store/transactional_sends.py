"""Messages asked for one by one: what was decided about each, once per caller and Idempotency-Key."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa

from core.store import campaigns
from core.store.access_tables import transactional_sends
from core.store.campaigns import Run
from core.store.inbox import insert_ignore
from core.store.tables import campaign_runs
from core.vocabulary import Outcome

_C = transactional_sends.c


class Send(NamedTuple):
    """What was decided about one wish; ``message_id`` is None unless the outcome is ``send``."""

    send_id: str
    wish_hash: str
    campaign_id: str
    run_id: str
    step: str
    contact_id: str
    company_id: str
    outcome: str
    reason: str
    channel: str | None
    message_id: str | None
    decided_at: datetime


_SHOWN = [_C[name] for name in Send._fields]


def find(connection: sa.Connection, send_id: str) -> Send | None:
    """Return what was decided before, or None."""
    found = connection.execute(sa.select(*_SHOWN).where(_C.send_id == send_id)).first()
    return None if found is None else Send._make(found)


def record(connection: sa.Connection, row: Mapping[str, Any], now: datetime) -> bool:
    """Write a decision down; False when another request with the same key was first.

    One that waits for fresh data (``stale_data``) gives way to what is decided later.
    """
    values = {**row, "decided_at": now, "updated_at": now}
    new = insert_ignore(connection, transactional_sends).values(values).returning(_C.send_id)
    if connection.execute(new).scalar_one_or_none() is not None:
        return True
    waits = sa.and_(_C.send_id == row["send_id"], _C.outcome == Outcome.STALE_DATA, _C.wish_hash == row["wish_hash"])
    return bool(connection.execute(sa.update(transactional_sends).where(waits).values(values)).rowcount)


def count_in_run(
    connection: sa.Connection, definition: Mapping[str, Any], *, day: str, snapshot_id: str, policy: str, now: datetime
) -> Run:
    """Return the day's run of a template, which counts one more person considered: its campaign is made if need be."""
    campaigns.save_campaign(connection, definition, now, origin="request", status="active")
    run = campaigns.begin_run(
        connection,
        campaign_id=definition["campaign_id"],
        occurrence=day,
        snapshot_id=snapshot_id,
        segment_version="by request",
        policy_version=policy,
        now=now,
    )
    connection.execute(
        sa.update(campaign_runs)
        .where(campaign_runs.c.run_id == run.run_id)
        .values(
            status="planned", audience=sa.func.coalesce(campaign_runs.c.audience, 0) + 1, planned_at=now, updated_at=now
        )
    )
    return run
