"""A stand-in CRM lived through day by day: campaigns decide and plan, and nothing is ever sent.

For whoever wants to see what campaigns decide: the page about the playbooks, and the tests of them.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

from assets.steps import Steps
from campaigns.lifecycle import RunReport
from campaigns.playbooks import read_playbooks
from cli import world
from cli.demo import LogicalClock
from cli.processes import Processes, post_json

_NOBODY = "http://127.0.0.1:9"  # nothing is sent: nobody need listen


class QuietWorld:
    """The product beside a stand-in CRM, both at the time they are told."""

    def __init__(self, steps: Steps, clock: LogicalClock, crm_url: str) -> None:
        self.steps, self.clock, self.crm_url = steps, clock, crm_url

    def move_to(self, moment: datetime) -> None:
        """Let it be ``moment``, and load and build what the CRM knows by then."""
        self.clock.now = moment
        post_json(f"{self.crm_url}/_sandbox/clock", {"now": moment.isoformat()})
        self.steps.sync_crm()
        self.steps.sync_journal()
        self.steps.build()

    def decide(self) -> dict[str, RunReport]:
        """End what is no longer true, then decide every campaign, the most urgent first; returns reports by name."""
        self.steps.cancel_ineligible()
        return {book.campaign_id: self.steps.run_campaign(book.campaign_id) for book in read_playbooks()}


@contextmanager
def quiet_world(data_dir: Path, *, companies: int, seed: int, first: datetime, last: datetime) -> Iterator[QuietWorld]:
    """Start a stand-in CRM of ``companies`` whose history leads up to ``last``, at the time ``first``."""
    with Processes(data_dir / "logs") as processes:
        secrets = world.read_secrets(data_dir)
        crm = processes.start("crm", *world.crm_arguments(secrets, companies, seed, first, last), answers=True)
        settings = world.settings_for(data_dir, secrets, crm, {"url": _NOBODY, "smtp_port": 9}, _NOBODY)
        clock = LogicalClock(first)
        yield QuietWorld(Steps(settings, clock=clock), clock, crm["url"])


def working_days(first: datetime, last: datetime) -> Iterator[datetime]:
    """Yield the time of day of ``first`` on each Monday to Friday up to ``last``."""
    moment = first
    while moment <= last:
        if moment.weekday() < 5:
            yield moment
        moment += timedelta(days=1)
