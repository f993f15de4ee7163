"""One occurrence of a campaign: segment, decisions, messages. Interrupted anywhere, it can be run again."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from campaigns import definitions, holidays, policy, segments, states, templates, triggers
from campaigns.fill import Key, fill
from campaigns.playbooks import Playbook, read_playbooks
from campaigns.policy import Policy
from campaigns.told import tell
from core import traces
from core.ids import message_id
from core.metrics import meters
from core.store import campaign_states, ledger, restores
from core.store import campaigns as store_campaigns
from core.store.campaigns import Run
from core.store.templates import save_shipped

SNAPSHOT = "%Y%m%dT%H%M%S%f"
_BUILT_AT = "select max(built_at) from marts.freshness"
_REPLACED = "create or replace temp table replaced (run_id varchar, contact_id varchar, step varchar, is_lost boolean)"
# Decisions of a run that a process left before it was planned: they name people who were not written to.
_VOID = """
    delete from raw.campaigns__decisions where run_id in (
        select run_id from raw.campaigns__decisions where list_contains(?, run_id) and outcome = 'send'
    )
"""
_NOTHING_STOPPED = "create or replace temp table stopped (company_id varchar, subject_id varchar, why varchar)"
_DUE_AT_RESTORE = """
    with first_run as (
        select run_id from raw.campaigns__decisions
        where campaign_id = $campaign_id and decided_at >= $restored_at order by decided_at, run_id limit 1
    )
    select contact_id, step from raw.campaigns__decisions
    where run_id = $run_id and outcome = 'send' and (contact_id, step, subject_id) in (
        select (contact_id, step, subject_id) from raw.campaigns__decisions semi join first_run using (run_id)
    )
"""


@dataclass(frozen=True, kw_only=True)
class RunReport:
    """What one occurrence came to: contacts considered, how many per outcome, messages planned.

    ``reason`` says why nothing was decided: the campaign is paused, not approved, not due.
    """

    run_id: str
    occurrence: str
    audience: int
    outcomes: dict[str, int]
    planned: int
    reason: str = ""


def run_campaign(
    connection: Any,
    engine: sa.Engine,
    playbook: Playbook,
    *,
    now: datetime,
    approves_playbooks: bool = False,
) -> RunReport:
    """Decide about everyone in the segment and plan what is to be sent.

    An occurrence that is planned already is reported, not decided again. With stale data everybody's outcome is
    ``stale_data`` and the occurrence stays open, so that a later call decides it on fresh data. What is paused, not
    approved or not due is not decided: the report says so. Raises PermanentError where the segment asks about holidays
    and one of them has no date to come.
    """
    library = segments.open_library(engine)
    segment = library.get(playbook.segment)
    holidays.require_dates(connection, library.tables(segment), now)
    deciding, rivals = policy.read_policy(), others(engine, playbook)
    with engine.begin() as store:
        admission = states.admit(store, playbook, now=now, approves_playbooks=approves_playbooks)
        if admission.reason:
            return _nothing(admission)
        store_campaigns.save_policy(store, deciding.version, deciding.content(), now)
        run = store_campaigns.begin_run(
            store,
            campaign_id=playbook.campaign_id,
            occurrence=admission.occurrence,
            snapshot_id=snapshot(connection, now),
            segment_version=f"{segment.segment_id}@{segment.version}",
            policy_version=deciding.version,
            now=now,
        )
        since = store_campaigns.first_run_at(store, playbook.campaign_id) or now
        unplanned = store_campaigns.unplanned_runs(store, playbook.campaign_id)
    if run.status == "planned":
        return _report(connection, run.run_id, run.occurrence, planned=0)
    connection.execute(_VOID, [unplanned])
    segments.record(connection, segment, now, library)
    triggers.narrow(connection, playbook, since=since, now=now)
    told = tell(connection, playbook, rivals, now)
    decide(connection, playbook, run.run_id, told, deciding)
    write_decisions(connection, playbook, run.run_id, run.snapshot_id, now)
    if told["is_stale"]:
        return _report(connection, run.run_id, run.occurrence, planned=0)
    with engine.begin() as store:
        if not campaign_states.is_running(store, playbook.campaign_id, admission.version):
            connection.execute("delete from raw.campaigns__decisions where run_id = ?", [run.run_id])
            return _nothing(states.admit(store, playbook, now=now, approves_playbooks=approves_playbooks))
        report = _plan(connection, store, playbook, run, told | {"since": since.isoformat()}, now)
    for outcome, contacts in report.outcomes.items():
        meters().decisions.labels(playbook.campaign_id, outcome).inc(contacts)
    return report


def tables_decided_on() -> frozenset[str]:
    """Return the marts that deciding reads: the audience, every rule of the policy, the age of the data."""
    return policy.read_policy().tables | {"marts.freshness"}


def others(engine: sa.Engine, playbook: Playbook) -> tuple[Playbook, ...]:
    """Return the campaigns that this one must not write beside: playbooks, and what people have had approved."""
    shipped = tuple(book for book in read_playbooks() if book.campaign_id != playbook.campaign_id)
    return (*shipped, *(book for book in definitions.approved(engine) if book.campaign_id != playbook.campaign_id))


def decide(
    connection: Any,
    playbook: Playbook,
    run_id: str,
    told: dict[str, Any],
    deciding: Policy | None = None,
    replaced: Sequence[tuple[str, str, str, bool]] = (),
) -> None:
    """Decide about the temporary table ``members``: makes ``verdicts``. Without ``deciding`` by the policy of today.

    ``replaced`` are earlier attempts that this run stands in for: run, contact, step, and whether they are lost for
    certain. They are not held against sending; a cap counts those that may have arrived.
    """
    connection.execute(_REPLACED)
    if replaced:
        connection.executemany("insert into replaced values (?, ?, ?, ?)", [list(each) for each in replaced])
    deciding = deciding or policy.read_policy()
    arms = list(playbook.arms)
    bounds = [sum(list(playbook.arms.values())[: place + 1]) for place in range(len(arms) - 1)]
    purpose = str(playbook.purpose)
    asked = {
        "campaign_id": playbook.campaign_id,
        "run_id": run_id,
        "purpose": purpose,
        "channels": [str(each) for each in playbook.channels],
        "roles": [str(role) for role in playbook.roles],
        "writes_to_all": playbook.recipients == "all",
        "variants": arms,
        "variant_bounds": bounds,
        "family": playbook.holdout_family,
    }
    connection.execute(deciding.audience, {name: asked[name] for name in policy.parameters_of(deciding.audience)})
    if playbook.stop_when:
        stops = {"campaign_id": playbook.campaign_id, "stop_when": list(playbook.stop_when)}
        connection.execute(deciding.stopped, stops)
    else:
        connection.execute(_NOTHING_STOPPED)
    used = connection.execute("select distinct step, variant from considered order by all").fetchall()
    parameters = {
        **told,
        "purpose": purpose,
        "campaign_id": playbook.campaign_id,
        "family": playbook.holdout_family,
        "has_holdout_below": round(playbook.holdout_share * 10_000),
        "run_id": run_id,
        "most_data_age_hours": f"{playbook.most_data_age_hours:g}",
        "respects_crm_hold": playbook.respects_crm_hold,
        "held_while": list(playbook.held_while),
        "writes_to_all": asked["writes_to_all"],
        "needs_active_contract": playbook.needs_active_contract,
        "most_in_seven_days": playbook.most_in_seven_days,
        "at_best_hour": playbook.send_time == "best_hour",
        "steps": [step for step, _ in used],
        "step_variants": [variant for _, variant in used],
        "template_ids": [playbook.template_for(step, variant) for step, variant in used],
    }
    policy.decide(connection, parameters, deciding.rules)


def write_decisions(connection: Any, playbook: Playbook, run_id: str, snapshot_id: str, now: datetime) -> None:
    """Write the ``verdicts`` of a run into ``raw.campaigns__decisions``, in place of those it had."""
    connection.execute("begin")
    connection.execute("delete from raw.campaigns__decisions where run_id = ?", [run_id])
    connection.execute(
        """
        insert into raw.campaigns__decisions
        select ?, ?, step, contact_id, company_id, subject_type, subject_id, outcome, why, channel,
               case when outcome = 'holdout' then 'holdout' else variant end, deferred_until, ?, ?
        from verdicts
        """,
        [run_id, playbook.campaign_id, now, snapshot_id],
    )
    connection.execute("commit")


def _due_at_restore(connection: Any, campaign_id: str, run_id: str, restored_at: datetime) -> list[str]:
    """Return the messages of a run that the campaign's first run after a restore considered: nobody remembers the
    time before it, in which they may have been sent.
    """
    found = connection.execute(
        _DUE_AT_RESTORE, {"campaign_id": campaign_id, "run_id": run_id, "restored_at": restored_at}
    ).fetchall()
    return [message_id(campaign_id, run_id, contact_id, step) for contact_id, step in found]


def snapshot(connection: Any, now: datetime) -> str:
    """Name the build of the warehouse that is decided on, by its moment (UTC)."""
    (built_at,) = connection.execute(_BUILT_AT).fetchone()
    return str((built_at or now).strftime(SNAPSHOT))


def _plan(
    connection: Any, store: sa.Connection, playbook: Playbook, run: Run, told: dict[str, Any], now: datetime
) -> RunReport:
    """Plan the run's messages and close it, in the caller's transaction."""
    versions = save_shipped(store, templates.contents(playbook), now)
    planned = ledger.plan(store, messages_of(connection, playbook, run, versions, now), now)
    if restored_at := restores.last_restore(store):
        due_then = _due_at_restore(connection, playbook.campaign_id, run.run_id, restored_at)
        restores.doubt_planned(store, due_then, restored_at, now)
    report = _report(connection, run.run_id, run.occurrence, planned=planned)
    used = {"|".join(key): version for key, version in versions.items()}
    store_campaigns.note_parameters(store, run.run_id, {**told, "templates": used})
    store_campaigns.finish_run(store, run.run_id, audience=report.audience, now=now)
    return report


def messages_of(
    connection: Any, playbook: Playbook, run: Run, versions: dict[Key, int], now: datetime
) -> list[dict[str, Any]]:
    """Return the messages of the ``verdicts`` that say send, as the ledger takes them."""
    contents = templates.contents(playbook)
    rows = []
    for verdict, key, variables in fill(connection, playbook, contents):
        template_id, channel, language = key
        rows.append(
            {
                "message_id": message_id(playbook.campaign_id, run.run_id, verdict["contact_id"], verdict["step"]),
                "campaign_id": playbook.campaign_id,
                "run_id": run.run_id,
                "step": verdict["step"],
                "variant": verdict["variant"],
                "contact_id": verdict["contact_id"],
                "company_id": verdict["company_id"],
                "channel": channel,
                "purpose": str(playbook.purpose),
                "address": verdict["address"],
                "template_id": template_id,
                "template_version": versions[key],
                "language": language,
                "variables": variables,
                "subject_type": verdict["subject_type"],
                "subject_id": verdict["subject_id"],
                "priority": playbook.priority,
                "not_before": verdict["deferred_until"],
                "expires_at": now + timedelta(hours=playbook.expires_after_hours),
                "snapshot_id": run.snapshot_id,
                "traceparent": traces.current_parent(),
            }
        )
    return rows


def _nothing(admission: states.Admission) -> RunReport:
    return RunReport(
        run_id="", occurrence=admission.occurrence, audience=0, outcomes={}, planned=0, reason=admission.reason
    )


def _report(connection: Any, run_id: str, occurrence: str, *, planned: int) -> RunReport:
    counted = connection.execute(
        "select outcome, count(*) from raw.campaigns__decisions where run_id = ? group by all", [run_id]
    ).fetchall()
    return RunReport(
        run_id=run_id,
        occurrence=occurrence,
        audience=sum(count for _, count in counted),
        outcomes=dict(sorted(counted)),
        planned=planned,
    )
