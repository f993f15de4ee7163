"""Another channel for what did not arrive: each attempt a run, a decision and a message of its own."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from campaigns import lifecycle, policy, segments, templates, triggers
from campaigns.lifecycle import RunReport
from campaigns.playbooks import Playbook
from campaigns.told import tell
from core.store import campaign_states, fallbacks, ledger
from core.store import campaigns as store_campaigns
from core.store.campaigns import Run
from core.store.fallbacks import Owed
from core.store.templates import save_shipped

FROM = " fallback from "  # in the name of the occurrence
REASON = "fallback from {tried}: "  # before each reason
_ONLY_THOSE = """
    create or replace temp table members as
    select members.* from members
    semi join missed
        on missed.contact_id = members.contact_id and missed.step = members.step
        and missed.subject_id is not distinct from members.subject_id
"""
_WRITE = """
    insert into raw.campaigns__decisions
    select $run_id, $campaign_id, step, contact_id, company_id, subject_type, subject_id, outcome,
           $reason || why, channel,
           case when outcome = 'holdout' then 'holdout' else variant end, deferred_until, $now, $snapshot_id
    from verdicts
"""

_DECIDED_TO_SEND = """
    select run_id, contact_id, step from raw.campaigns__decisions
    where campaign_id = $campaign_id and outcome = 'send' and decided_at > $since and starts_with(reason, $reason)
"""
_TAKE_BACK = (
    "delete from raw.campaigns__decisions where run_id = ? and contact_id = ? and step = ? and outcome = 'send'"
)


def run_fallbacks(connection: Any, engine: sa.Engine, playbook: Playbook, *, now: datetime) -> list[RunReport]:
    """Decide, for what did not arrive, whether it goes out by a channel that was not tried yet, and plan it.

    The whole policy is asked again, for a run of its own per occurrence and channels tried: whoever left the segment
    since is not considered, a cap counts what may have arrived. Without ``fallback_after_hours`` nothing is done.
    """
    if playbook.fallback_after_hours is None:
        return []
    _take_back(connection, engine, playbook.campaign_id, now)
    with engine.connect() as store:
        found = fallbacks.owed(store, playbook.campaign_id, timedelta(hours=playbook.fallback_after_hours), now)
    groups: dict[tuple[str, tuple[str, ...]], list[Owed]] = defaultdict(list)
    for each in found:
        if set(playbook.channels) - set(each.attempted):
            groups[each.occurrence, each.attempted].append(each)
    return [
        report
        for (occurrence, attempted), some in groups.items()
        if (report := _run(connection, engine, playbook, occurrence, attempted, some, now))
    ]


def _run(
    connection: Any,
    engine: sa.Engine,
    playbook: Playbook,
    occurrence: str,
    attempted: tuple[str, ...],
    missed: list[Owed],
    now: datetime,
) -> RunReport | None:
    library, deciding = segments.open_library(engine), policy.read_policy()
    segment = library.get(playbook.segment)
    tried, snapshot_id = ", ".join(attempted), lifecycle.snapshot(connection, now)
    with engine.begin() as store:
        store_campaigns.save_policy(store, deciding.version, deciding.content(), now)
        run = store_campaigns.begin_run(
            store,
            campaign_id=playbook.campaign_id,
            occurrence=f"{occurrence}{FROM}{tried}",
            snapshot_id=snapshot_id,
            segment_version=f"{segment.segment_id}@{segment.version}",
            policy_version=deciding.version,
            now=now,
        )
        since = store_campaigns.first_run_at(store, playbook.campaign_id) or now
    segments.find_members(connection, segment, now, library)
    triggers.narrow(connection, playbook, since=since, now=now)
    keep_only(connection, _people(missed))
    others = without(playbook, attempted)
    told = tell(connection, playbook, lifecycle.others(engine, playbook), now)
    lifecycle.decide(connection, others, run.run_id, told, deciding, replaced=_attempts(missed))
    _write(connection, playbook.campaign_id, run.run_id, tried, snapshot_id, now)
    decided_by = {
        "decided_at": now.isoformat(),
        "snapshot_id": snapshot_id,
        "segment_version": f"{segment.segment_id}@{segment.version}",
        "policy_version": deciding.version,
        "since": since.isoformat(),
        "told": told,
        "attempted": attempted,
        "missed": _people(missed),
        "replaced": _attempts(missed),
    }
    with engine.begin() as store:
        planned = _plan(connection, store, others, replace(run, snapshot_id=snapshot_id), missed, now)
        _note_pass(store, run, decided_by)
        audience = _count(connection, run.run_id)
        store_campaigns.finish_run(store, run.run_id, audience=audience, now=now)
    outcomes = connection.execute("select outcome, count(*) from verdicts group by all order by all").fetchall()
    return RunReport(
        run_id=run.run_id, occurrence=run.occurrence, audience=audience, outcomes=dict(outcomes), planned=planned
    )


def _take_back(connection: Any, engine: sa.Engine, campaign_id: str, now: datetime) -> None:
    """Take back what a pass decided to send and, since it died, never planned: who is still owed is decided anew."""
    asked = {"campaign_id": campaign_id, "since": now - fallbacks.LONGEST, "reason": REASON.partition("{")[0]}
    decided = set(connection.execute(_DECIDED_TO_SEND, asked).fetchall())
    with engine.connect() as store:
        lost = decided - fallbacks.planned_in(store, {run_id for run_id, _, _ in decided})
    for each in sorted(lost):
        connection.execute(_TAKE_BACK, list(each))


def _plan(connection: Any, store: sa.Connection, others: Playbook, run: Run, missed: list[Owed], now: datetime) -> int:
    """Plan what stands in for ``missed``, unless it has arrived meanwhile; returns how many messages."""
    versions = save_shipped(store, templates.contents(others), now)
    by_person = {(each.contact_id, each.step): each.message_id for each in missed}
    rows = [
        {**row, "fallback_of": by_person[row["contact_id"], row["step"]]}
        for row in lifecycle.messages_of(connection, others, run, versions, now)
    ]
    planned = ledger.plan(store, rows, now)
    arrived = set(by_person.values()) - fallbacks.still_owed(store, by_person.values())
    return planned - fallbacks.withdraw(store, arrived, now)


def _note_pass(store: sa.Connection, run: Run, decided_by: dict[str, Any]) -> None:
    """Keep what this pass decided by: a run that stands in has one each time that something did not arrive."""
    standing, begun = campaign_states.find(store, run.campaign_id), store_campaigns.find_run(store, run.run_id)
    assert standing is not None and begun is not None  # noqa: S101 -- written before
    noted = {**decided_by, "definition_version": standing.definition_version}
    passes = [*(begun.parameters or {}).get("passes", []), noted]
    store_campaigns.note_parameters(store, run.run_id, {"passes": passes})


def keep_only(connection: Any, missed: Iterable[Sequence[str | None]]) -> None:
    """Narrow the temporary table ``members`` to contacts, steps and subjects of which something did not arrive."""
    connection.execute("create or replace temp table missed (contact_id varchar, step varchar, subject_id varchar)")
    connection.executemany("insert into missed values (?, ?, ?)", [list(each) for each in missed])
    connection.execute(_ONLY_THOSE)


def without(playbook: Playbook, attempted: Collection[str]) -> Playbook:
    """Return a campaign with the channels that were not tried yet."""
    return playbook.model_copy(update={"channels": [each for each in playbook.channels if each not in attempted]})


def _people(missed: list[Owed]) -> list[tuple[str, str, str | None]]:
    return [(each.contact_id, each.step, each.subject_id) for each in missed]


def _attempts(missed: list[Owed]) -> list[tuple[str, str, str, bool]]:
    return [(run_id, each.contact_id, each.step, is_lost) for each in missed for run_id, is_lost in each.attempts]


def _write(connection: Any, campaign_id: str, run_id: str, tried: str, snapshot_id: str, now: datetime) -> None:
    """Write the verdicts, in place of what was decided about the same people before; others of the run stay."""
    connection.execute("begin")
    connection.execute(
        "delete from raw.campaigns__decisions using verdicts where campaigns__decisions.run_id = ? "
        "and campaigns__decisions.contact_id = verdicts.contact_id and campaigns__decisions.step = verdicts.step",
        [run_id],
    )
    connection.execute(
        _WRITE,
        {
            "run_id": run_id,
            "campaign_id": campaign_id,
            "reason": REASON.format(tried=tried),
            "now": now,
            "snapshot_id": snapshot_id,
        },
    )
    connection.execute("commit")


def _count(connection: Any, run_id: str) -> int:
    (counted,) = connection.execute(
        "select count(*) from raw.campaigns__decisions where run_id = ?", [run_id]
    ).fetchone()
    return int(counted)
