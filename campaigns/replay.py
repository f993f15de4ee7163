"""A run decided once more, on the data, by the definition, segment and policy that it had: the same decisions come out.

The marts are built as of the build that the run decided on. What has no history is as it is now: whether a template is
approved, a blocked address, another segment that the segment asks about; and the models are today's.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from campaigns import definitions, fallback, lifecycle, policy, segments, triggers
from campaigns.past import as_of
from campaigns.playbooks import Playbook
from campaigns.versions import resolve
from core.errors import PermanentError
from core.store import campaigns as store_campaigns
from core.store.campaigns import Run
from core.store.engine import reading

_SHOWN = 100
# What a later pass of the same run decided anew is compared there.
_DIFFERENCES = """
    with was as (
        select contact_id, subject_id, step, outcome, reason, channel, variant, deferred_until
        from "{home}".raw.campaigns__decisions where run_id = $run_id and decided_at = $decided_at
    ),
    replayed as (
        select
            contact_id, subject_id, step, outcome, $prefix || why as reason, channel,
            case when outcome = 'holdout' then 'holdout' else variant end as variant, deferred_until
        from verdicts
        anti join (
            select contact_id, step
            from "{home}".raw.campaigns__decisions where run_id = $run_id and decided_at > $decided_at
        ) as later using (contact_id, step)
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
        having min(rowid) > (
            select min(rowid) from "{home}".raw.campaigns__decisions
            where run_id = $run_id and decided_at = $decided_at
        )
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
    run, passes = _kept(engine, run_id)
    library = segments.open_library(engine)
    found: list[tuple[Any, ...]] = []
    notes: dict[str, None] = {}
    decisions = 0
    for each in passes:
        decided, differing, told = _again(connection, engine, run_id, each, library)
        decisions += decided
        found += differing
        notes |= dict.fromkeys(told)
    return Replayed(
        run_id=run_id,
        campaign_id=run.campaign_id,
        decided_at=run.decided_at,
        decisions=decisions,
        differing=len(found),
        differences=[Difference(**dict(zip(Difference.__annotations__, row, strict=True))) for row in found[:_SHOWN]],
        notes=list(notes),
    )


@dataclass(frozen=True, kw_only=True)
class _Pass:
    """One time at which a run decided, and by what; ``missed`` of one that stood in for what did not arrive."""

    decided_at: datetime
    snapshot_id: str
    segment_version: str
    playbook: Playbook
    deciding: policy.Policy
    since: datetime
    told: dict[str, Any]
    prefix: str = ""
    missed: list[list[str | None]] | None = None
    replaced: list[tuple[str, str, str, bool]] = field(default_factory=list)


def _again(
    connection: Any, engine: sa.Engine, run_id: str, one: _Pass, library: segments.Library
) -> tuple[int, list[tuple[Any, ...]], list[str]]:
    """Decide a pass again; returns how many decisions came out, those that differ, and what a reader must know."""
    segment = resolve(one.segment_version, library, engine, connection)
    tables = library.tables(segment) | one.deciding.tables | triggers.tables(one.playbook)
    built_at = datetime.strptime(one.snapshot_id, lifecycle.SNAPSHOT).replace(tzinfo=UTC)
    (home,) = connection.execute("select current_database()").fetchone()
    with as_of(connection, built_at, tables, decided_at=one.decided_at) as past:
        same = {"run_id": run_id, "decided_at": one.decided_at}
        connection.execute(_FORGET_LATER.format(home=home), same)
        segments.find_members(connection, segment, one.decided_at, library)
        triggers.narrow(connection, one.playbook, since=one.since, now=one.decided_at)
        if one.missed is not None:
            fallback.keep_only(connection, one.missed)
        lifecycle.decide(connection, one.playbook, run_id, one.told, one.deciding, replaced=one.replaced)
        differing = connection.execute(_DIFFERENCES.format(home=home), {**same, "prefix": one.prefix}).fetchall()
        (decided,) = connection.execute("select count(*) from verdicts").fetchone()
    return int(decided), differing, past.notes


def _kept(engine: sa.Engine, run_id: str) -> tuple[Run, list[_Pass]]:
    with reading(engine) as store:
        run = store_campaigns.find_run(store, run_id)
        if run is None:
            raise PermanentError(f"there is no run {run_id}: see `bma campaign report`")
        if run.status != "planned":
            raise PermanentError(f"run {run_id} is not planned yet: run its campaign first")
        told = dict(run.parameters or {})
        passes = told.get("passes") or ([] if run.parameters is None else [_only_pass(run, told)])
        read = [_read_pass(store, run.campaign_id, each) for each in passes]
    if not read or None in read:
        raise PermanentError(f"run {run_id} does not tell what it was decided by: it is older than that is kept")
    return run, [each for each in read if each is not None]


def _only_pass(run: Run, told: dict[str, Any]) -> dict[str, Any]:
    """Return the pass of a run that decided once, in the shape of those that decide again over hours."""
    kept = {name: getattr(run, name) for name in ("snapshot_id", "segment_version", "policy_version")}
    kept |= {"definition_version": run.definition_version, "decided_at": run.decided_at.isoformat()}
    told.pop("templates")
    return {**kept, "since": told.pop("since"), "told": told}


def _read_pass(store: sa.Connection, campaign_id: str, kept: dict[str, Any]) -> _Pass | None:
    definition = store_campaigns.load_definition(store, campaign_id, kept["definition_version"])
    content = store_campaigns.load_policy(store, kept["policy_version"])
    if definition is None or content is None:
        return None
    attempted = kept.get("attempted", [])
    return _Pass(
        decided_at=datetime.fromisoformat(kept["decided_at"]),
        snapshot_id=kept["snapshot_id"],
        segment_version=kept["segment_version"],
        playbook=fallback.without(definitions.read(definition), attempted),
        deciding=policy.from_content(content),
        since=datetime.fromisoformat(kept["since"]),
        told=kept["told"],
        prefix=fallback.REASON.format(tried=", ".join(attempted)) if attempted else "",
        missed=kept.get("missed"),
        replaced=[(run, contact, step, lost) for run, contact, step, lost in kept.get("replaced", [])],
    )
