"""The life of a campaign: whoever does what in which order, nothing goes out unapproved or twice, all is audited."""

import contextlib
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, settings
from hypothesis import strategies as some
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from campaigns import definitions, lifecycle, states
from campaigns.check import check
from core.errors import PermanentError
from core.store.definition_tables import campaign_definitions
from core.store.engine import open_store
from core.store.tables import audit, campaign_runs, campaigns, messages
from tests.campaigns.conftest import Town
from tests.campaigns.made import definition

KEY = "song_week"
people = some.sampled_from(["nok", "lek", "som"])


class Office(RuleBasedStateMachine):
    """People at their desks: any command, any time, by anybody; what is refused changes nothing."""

    town: Town

    def __init__(self) -> None:
        super().__init__()
        self.town.store = open_store("sqlite:///:memory:")
        self.town.now = START
        for table in ("decisions", "segments", "segment_memberships"):
            self.town.connection.execute(f"delete from raw.campaigns__{table}")
        self.ended: set[str] = set()

    def attempt(self, act: Any, *given: Any, **named: Any) -> None:
        with contextlib.suppress(PermanentError):
            act(*given, **named)

    @rule(by=people, at=some.sampled_from(["cron", "once"]), name=some.sampled_from(["Song week", "Week of songs"]))
    def draft(self, by: str, at: str, name: str) -> None:
        when = {"cron": "0 * * * *"} if at == "cron" else {"cron": "", "at": (START + timedelta(hours=3)).isoformat()}
        self.attempt(states.create_draft, self.town.store, definition(name=name, **when), by=by, now=self.town.now)

    @rule(by=people)
    def check(self, by: str) -> None:
        self.attempt(check, self.town.connection, self.town.store, KEY, by=by, now=self.town.now)

    @rule(by=people)
    def approve(self, by: str) -> None:
        self.attempt(states.approve, self.town.store, KEY, by=by, now=self.town.now)

    @rule(by=people)
    def schedule(self, by: str) -> None:
        self.attempt(states.schedule, self.town.store, KEY, by=by, now=self.town.now)

    @rule(by=people)
    def hasten(self, by: str) -> None:
        """Do what comes next, so that many a campaign gets far."""
        self.draft(by, "cron", "Song week")
        self.check(by)
        self.approve({"nok": "lek", "lek": "som", "som": "nok"}[by])
        self.schedule(by)

    @rule(by=people)
    def pause(self, by: str) -> None:
        self.attempt(states.pause, self.town.store, KEY, by=by, reason="wait", now=self.town.now)

    @rule(by=people)
    def resume(self, by: str) -> None:
        self.attempt(states.resume, self.town.store, KEY, by=by, now=self.town.now)

    @rule(by=people, is_sure=some.integers(0, 3))
    def cancel(self, by: str, is_sure: int) -> None:
        if is_sure == 0:
            self.attempt(states.cancel, self.town.store, KEY, by=by, now=self.town.now)

    @rule(hours=some.sampled_from([0, 0, 1, 2, 49]))
    def run(self, hours: int) -> None:
        self.town.now += timedelta(hours=hours)
        before = self.status()
        try:
            playbook = definitions.find(self.town.store, KEY)
        except PermanentError:
            return
        report = lifecycle.run_campaign(self.town.connection, self.town.store, playbook, now=self.town.now)
        assert not (report.planned and before not in ("scheduled", "sending"))
        assert bool(report.reason) == (not report.run_id)

    def status(self) -> str | None:
        found = states.find_state(self.town.store, KEY)
        return found.status if found else None

    def rows(self, query: sa.Select[Any]) -> list[Any]:
        with self.town.store.connect() as store:
            return list(store.execute(query))

    @invariant()
    def nothing_is_planned_that_somebody_else_did_not_approve(self) -> None:
        runs = {row.run_id: row.definition_version for row in self.rows(sa.select(campaign_runs))}
        approvals = [row for row in self.rows(sa.select(audit).order_by(audit.c.audit_id)) if row.action == "approve"]
        by_version = {row.detail["version"]: row.actor for row in approvals}
        wrote = {row.version: row.created_by for row in self.rows(sa.select(campaign_definitions))}
        for message in self.rows(sa.select(messages)):
            version = runs[message.run_id]
            assert by_version[version] != wrote[version]

    @invariant()
    def nobody_gets_a_step_twice(self) -> None:
        got = [
            (row.contact_id, row.step) for row in self.rows(sa.select(messages).where(messages.c.status == "planned"))
        ]
        assert len(got) == len(set(got))

    @invariant()
    def the_audit_log_tells_every_step(self) -> None:
        lines = [row for row in self.rows(sa.select(audit).order_by(audit.c.audit_id)) if "to" in row.detail]
        for before, after in pairwise(lines):
            came_from = {"sending": "scheduled", "done": "scheduled"}.get(after.detail["from"], after.detail["from"])
            # A changed definition is written with its line: it comes from what was before it.
            assert came_from == before.detail["to"]
        stored = self.rows(sa.select(campaigns.c.status).where(campaigns.c.campaign_id == KEY))
        assert [row.status for row in stored] == [line.detail["to"] for line in lines[-1:]]
        over = [line for line in lines if line.detail["to"] == "cancelled"]
        assert over in ([], lines[-1:])


def test_whatever_people_do_nothing_goes_out_unapproved_or_twice(town):
    global START  # noqa: PLW0603 -- the machine is made anew for each example
    START = town.now
    for number in range(3):
        company = town.company()
        town.contact(company)
        town.contract(company, ends_in=10 + number)
    town.settle()
    Office.town = town
    few = settings(max_examples=25, stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck))

    run_state_machine_as_test(Office, settings=few)


def test_a_playbook_is_paused_and_goes_on_and_needs_approval_only_where_that_is_asked_for(town):
    company = town.company()
    town.contact(company)
    town.contract(company, ends_in=10)
    town.settle()
    playbook = definitions.find(town.store, "renewal").model_copy(update={"holdout_share": 0.0})

    def run(**options: Any) -> lifecycle.RunReport:
        return lifecycle.run_campaign(town.connection, town.store, playbook, now=town.now, **options)

    states.pause(town.store, "renewal", by="nok", reason="wrong price", now=town.now)
    assert "is paused" in run().reason
    states.resume(town.store, "renewal", by="nok", now=town.now)
    waits = run(approves_playbooks=True)
    assert (waits.planned, "is draft" in waits.reason) == (0, True)
    found = check(town.connection, town.store, "renewal", by="nok", now=town.now)
    with pytest.raises(PermanentError, match="another person"):
        states.approve(town.store, "renewal", by="playbook", now=town.now)
    states.approve(town.store, "renewal", by="lek", now=town.now)

    assert (found.status, found.problems) == ("checked", [])
    assert run(approves_playbooks=True).planned == 1
    assert states.find_state(town.store, "renewal").status == "sending"
    assert states.cancel(town.store, "renewal", by="nok", now=town.now) == 1
    assert states.find_state(town.store, "renewal").status == "scheduled"


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"campaign_id": "renewal"}, "change it there, in review"),
        ({"messages": {}}, "words of each template"),
        ({"templates": {"renewal": "hello"}}, "no words for template hello"),
        ({"cron": "", "at": "2026-04-01T10:00"}, "needs its offset"),
        ({"cron": ""}, "either a cron"),
        ({"steps": {"renewal": 0}}, "a trigger needs steps"),
        ({"variants": [{"variant": "a", "share": 0.5}, {"variant": "b", "share": 0.4}]}, "sum to 1"),
        ({"variables": "weather"}, "no variables 'weather'"),
        ({"purpose": "fun"}, "purpose"),
    ],
)
def test_a_definition_that_cannot_work_is_refused_by_name(sqlite_store, now, changes, says):
    with pytest.raises(PermanentError, match=says):
        states.create_draft(sqlite_store, definition(**changes), by="nok", now=now)
