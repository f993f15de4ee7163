"""One occurrence of a campaign: segment, decisions, messages. Interrupted anywhere, it can be run again."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from campaigns import holidays, policy, segments, templates
from campaigns.playbooks import Playbook, read_playbooks
from core import traces
from core.ids import message_id
from core.metrics import meters
from core.store import campaigns as store_campaigns
from core.store import ledger, restores
from core.store.templates import save_template
from core.vocabulary import Outcome

AUDIENCE = (Path(__file__).parent / "audience.sql").read_text()
# A source that was never loaded is older than any; the marts are as old as the loads they were built from.
OLDEST = (
    "select source_table, loaded_at from marts.freshness where is_decided_on order by loaded_at nulls first limit 1"
)
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
_VARIABLES = Path(__file__).parent / "variables"


@dataclass(frozen=True, kw_only=True)
class RunReport:
    """What one occurrence came to: contacts considered, how many per outcome, messages planned."""

    run_id: str
    occurrence: str
    audience: int
    outcomes: dict[str, int]
    planned: int


def run_campaign(
    connection: Any, engine: sa.Engine, playbook: Playbook, *, now: datetime, occurrence: str | None = None
) -> RunReport:
    """Decide about everyone in the segment and plan what is to be sent.

    An occurrence that is planned already is reported, not decided again. With stale data everybody's outcome is
    ``stale_data`` and the occurrence stays open, so that a later call decides it on fresh data. Raises PermanentError
    where the segment asks about holidays and one of them has no date to come.
    """
    occurrence = occurrence or playbook.occurrence(now)
    snapshot_id = now.strftime("%Y%m%dT%H%M%S")
    library = segments.open_library(engine)
    segment = library.get(playbook.segment)
    holidays.require_dates(connection, library.tables(segment), now)
    with engine.begin() as store:
        store_campaigns.save_campaign(store, playbook.model_dump(mode="json"), now)
        run = store_campaigns.begin_run(
            store,
            campaign_id=playbook.campaign_id,
            occurrence=occurrence,
            snapshot_id=snapshot_id,
            segment_version=f"{segment.segment_id}@{segment.version}",
            policy_version=policy.policy_version(),
            now=now,
        )
    if run.status == "planned":
        return _report(connection, run.run_id, occurrence, planned=0)
    segments.record(connection, segment, now, library)
    is_stale = decide(connection, playbook, run.run_id, now)
    write_decisions(connection, playbook, run.run_id, snapshot_id, now)
    if is_stale:
        return _report(connection, run.run_id, occurrence, planned=0)
    with engine.begin() as store:
        versions = _save_templates(store, playbook, now)
        planned = ledger.plan(store, _messages(connection, playbook, run.run_id, snapshot_id, versions, now), now)
        if restored_at := restores.last_restore(store):
            due_then = _due_at_restore(connection, playbook.campaign_id, run.run_id, restored_at)
            restores.doubt_planned(store, due_then, restored_at, now)
        report = _report(connection, run.run_id, occurrence, planned=planned)
        store_campaigns.finish_run(store, run.run_id, audience=report.audience, now=now)
    for outcome, contacts in report.outcomes.items():
        meters().decisions.labels(playbook.campaign_id, outcome).inc(contacts)
    return report


def tables_decided_on() -> frozenset[str]:
    """Return the marts that deciding reads: the audience, every rule of the policy, the age of the data."""
    texts = [AUDIENCE, *(rule.sql for rule in policy.read_rules())]
    return frozenset(re.findall(r"\bmarts\.[a-z_]+", "".join(texts))) | {"marts.freshness"}


def decide(connection: Any, playbook: Playbook, run_id: str, now: datetime) -> bool:
    """Decide about the temporary table ``members``: makes ``verdicts``; returns whether the data was too old."""
    roles = [str(role) for role in playbook.roles]
    connection.execute(
        AUDIENCE,
        {
            "campaign_id": playbook.campaign_id,
            "run_id": run_id,
            "purpose": str(playbook.purpose),
            "channels": [str(each) for each in playbook.channels],
            "roles": roles,
        },
    )
    source, oldest = connection.execute(OLDEST).fetchone() or ("every source", None)
    is_stale = oldest is None or oldest < now - timedelta(hours=playbook.most_data_age_hours)
    others = [book for book in read_playbooks() if book.campaign_id != playbook.campaign_id]
    steps = [step for (step,) in connection.execute("select distinct step from considered").fetchall()]
    policy.decide(
        connection,
        {
            "purpose": str(playbook.purpose),
            "is_stale": is_stale,
            "campaign_id": playbook.campaign_id,
            "family": playbook.holdout_family,
            "has_holdout_below": round(playbook.holdout_share * 10_000),
            "run_id": run_id,
            "oldest_source": source,
            "oldest_load": "never" if oldest is None else oldest.isoformat(timespec="minutes"),
            "most_data_age_hours": f"{playbook.most_data_age_hours:g}",
            "respects_crm_hold": playbook.respects_crm_hold,
            "needs_active_contract": playbook.needs_active_contract,
            "more_urgent": [book.campaign_id for book in others if book.priority <= playbook.priority],
            "same_purpose": [book.campaign_id for book in others if book.purpose == playbook.purpose],
            "most_in_seven_days": playbook.most_in_seven_days,
            "steps": steps,
            "template_ids": [playbook.template_for(step) for step in steps],
        },
    )
    return is_stale


def write_decisions(connection: Any, playbook: Playbook, run_id: str, snapshot_id: str, now: datetime) -> None:
    """Write the ``verdicts`` of a run into ``raw.campaigns__decisions``, in place of those it had."""
    connection.execute("begin")
    connection.execute("delete from raw.campaigns__decisions where run_id = ?", [run_id])
    connection.execute(
        """
        insert into raw.campaigns__decisions
        select ?, ?, step, contact_id, company_id, subject_type, subject_id, outcome, why, channel,
               case when outcome = 'holdout' then 'holdout' else 'a' end, deferred_until, ?, ?
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


def _save_templates(store: sa.Connection, playbook: Playbook, now: datetime) -> dict[tuple[str, str, str], int]:
    return {
        key: save_template(store, template_id=key[0], channel=key[1], language=key[2], content=content, now=now)
        for key, content in templates.contents(playbook).items()
    }


def _messages(
    connection: Any,
    playbook: Playbook,
    run_id: str,
    snapshot_id: str,
    versions: dict[tuple[str, str, str], int],
    now: datetime,
) -> list[dict[str, Any]]:
    found = connection.execute((_VARIABLES / f"{playbook.campaign_id}.sql").read_text()).to_arrow_table().to_pylist()
    variables = {(row.pop("contact_id"), row.pop("subject_id")): row for row in found}
    chosen = connection.execute("from verdicts where outcome = ? order by contact_id", [str(Outcome.SEND)])
    rows = []
    for verdict in chosen.to_arrow_table().to_pylist():
        template_id, channel = playbook.template_for(verdict["step"]), verdict["channel"]
        key = (template_id, channel, verdict["language"])
        language = verdict["language"] if key in versions else templates.FALLBACK
        rows.append(
            {
                "message_id": message_id(playbook.campaign_id, run_id, verdict["contact_id"], verdict["step"]),
                "campaign_id": playbook.campaign_id,
                "run_id": run_id,
                "step": verdict["step"],
                "variant": "a",
                "contact_id": verdict["contact_id"],
                "company_id": verdict["company_id"],
                "channel": channel,
                "purpose": str(playbook.purpose),
                "address": verdict["address"],
                "template_id": template_id,
                "template_version": versions[template_id, channel, language],
                "language": language,
                "variables": variables.get((verdict["contact_id"], verdict["subject_id"]), {}),
                "subject_type": verdict["subject_type"],
                "subject_id": verdict["subject_id"],
                "priority": playbook.priority,
                "not_before": None,
                "expires_at": now + timedelta(hours=playbook.expires_after_hours),
                "snapshot_id": snapshot_id,
                "traceparent": traces.current_parent(),
            }
        )
    return rows


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
