"""A run decided once more, on the data, by the definition, segment and policy that it had: the same decisions come out.

The marts are built as of the build that the run decided on. What has no history is as it is now: whether a template is
approved, a blocked address, another segment that the segment asks about; and the models are today's.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from campaigns import definitions, fallback, lifecycle, policy, segments, triggers
from campaigns.past import as_of
from campaigns.versions import resolve
from core.errors import PermanentError
from core.store import campaigns as store_campaigns
from core.store.campaigns import Run
from core.store.engine import reading

_SHOWN = 100
_DIFFERENCES = """
    with was as (
        select contact_id, subject_id, step, outcome, reason, channel, variant, deferred_until
        from "{home}".raw.campaigns__decisions where run_id = $run_id
    ),
    replayed as (
        select
            contact_id, subject_id, step, outcome, why as reason, channel,
            case when outcome = 'holdout' then 'holdout' else variant end as variant, deferred_until
        from verdicts
    )
    select
        contact_id, subject_id, step, was.outcome as was, was.reason as was_reason,
        replayed.outcome as now, replayed.reason as now_reason
    from was full outer join replayed using (contact_id, subject_id, step)
    where (was.outcome, was.reason, was.channel, was.variant, was.deferred_until)
        is distinct from
        (replayed.outcome, replayed.reason, replayed.channel, replayed.variant, replayed.deferred_until)
    order by all
"""
# Campaigns that decided at the same moment did so one after the other: rows are in that order.
_FORGET_LATER = """
    delete from raw.campaigns__decisions where decided_at = $decided_at and run_id in (
        select run_id from "{home}".raw.campaigns__decisions where decided_at = $decided_at group by run_id
        having min(rowid) > (select min(rowid) from "{home}".raw.campaigns__decisions where run_id = $run_id)
    )
"""


@dataclass(frozen=True, kw_only=True)
class Difference:
    """A contact's decision about a subject that did not come out again; null where there was, or is, none."""

    contact_id: str
    subject_id: str
    step: str
    was: str | None
    was_reason: str | None
    now: str | None
    now_reason: str | None


@dataclass(frozen=True, kw_only=True)
class Replayed:
    """What came out: ``differing`` decisions of ``decisions``, the first hundred of them in ``differences``."""

    run_id: str
    campaign_id: str
    decided_at: datetime
    decisions: int
    differing: int
    differences: list[Difference]
    notes: list[str]

    @property
    def is_same(self) -> bool:
        """Whether every decision came out again, with its reason."""
        return self.differing == 0


def replay(connection: Any, engine: sa.Engine, run_id: str) -> Replayed:
    """Decide a run again, in memory, and compare row for row. Nothing of warehouse or store changes.

    Raises PermanentError for a run there is not, that is not planned, or that was decided before runs kept all they
    were decided by.
    """
    run, definition, content = _kept(engine, run_id)
    playbook, deciding = definitions.read(definition), policy.from_content(content)
    library = segments.open_library(engine)
    segment = resolve(run.segment_version, library, engine, connection)
    told = dict(run.parameters or {})
    since = datetime.fromisoformat(told.pop("since"))
    told.pop("templates")
    tables = library.tables(segment) | deciding.tables | triggers.tables(playbook)
    (home,) = connection.execute("select current_database()").fetchone()
    with as_of(connection, _built_at(run), tables, decided_at=run.decided_at) as past:
        same = {"run_id": run_id, "decided_at": run.decided_at}
        connection.execute(_FORGET_LATER.format(home=home), same)
        segments.find_members(connection, segment, run.decided_at, library)
        triggers.narrow(connection, playbook, since=since, now=run.decided_at)
        lifecycle.decide(connection, playbook, run_id, told, deciding)
        found = connection.execute(_DIFFERENCES.format(home=home), {"run_id": run_id}).fetchall()
        (decisions,) = connection.execute("select count(*) from verdicts").fetchone()
    return Replayed(
        run_id=run_id,
        campaign_id=run.campaign_id,
        decided_at=run.decided_at,
        decisions=decisions,
        differing=len(found),
        differences=[Difference(**dict(zip(Difference.__annotations__, row, strict=True))) for row in found[:_SHOWN]],
        notes=past.notes,
    )


def _kept(engine: sa.Engine, run_id: str) -> tuple[Run, dict[str, Any], dict[str, Any]]:
    with reading(engine) as store:
        run = store_campaigns.find_run(store, run_id)
        if run is None:
            raise PermanentError(f"there is no run {run_id}: see `bma campaign report`")
        definition = store_campaigns.load_definition(store, run.campaign_id, run.definition_version)
        content = store_campaigns.load_policy(store, run.policy_version)
    if run.status != "planned":
        raise PermanentError(f"run {run_id} is not planned yet: run its campaign first")
    if fallback.FROM in run.occurrence:
        raise PermanentError(
            f"run {run_id} took up, over hours, what did not arrive by another channel, and is no one decision: "
            "replay the run that it stands in for (`bma campaign report`)"
        )
    if definition is None or content is None or run.parameters is None:
        raise PermanentError(f"run {run_id} does not tell what it was decided by: it is older than that is kept")
    return run, definition, content


def _built_at(run: Run) -> datetime:
    return datetime.strptime(run.snapshot_id, lifecycle.SNAPSHOT).replace(tzinfo=UTC)
