"""One whole cycle without a screen: a stand-in world lives through some days while the product works in it.

The product runs as it does in earnest (same steps, same gateway, same worker); only its clock is handed in, so
that weeks pass in seconds. The stand-ins are processes of their own, spoken to over HTTP and SMTP.
"""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa
import uvicorn

from assets import scoring
from assets.steps import Steps
from campaigns.playbooks import read_playbooks
from cli import world
from cli.processes import Processes, free_port, get_json, post_json, wait_for
from cli.result import demo_result
from core.clock import utc_now
from core.settings import Settings
from core.store import line_links
from gateway.app import create_app
from senders.line.linking import invitation

_DECIDE_AT = timedelta(hours=3)  # 10:00 in Bangkok, inside everybody's working hours nearby
_CYCLES = 9
# Opens and clicks carry no time of their own: the clock stops here on its way, so that they get a true one.
_LOOKS = tuple(timedelta(hours=hours) for hours in (0.01, 0.1, 1, 3, 6, 12, 24, 48, 96))


@dataclass
class LogicalClock:
    """A clock that stands until it is moved."""

    now: datetime

    def __call__(self) -> datetime:
        """Return the logical time, UTC."""
        return self.now


@dataclass
class Stages:
    """How long each kind of step took, and what is going on now."""

    say: Callable[[str], None]
    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def stage(self, name: str, text: str = "") -> Iterator[None]:
        """Time one step; the same name adds up."""
        if text:
            self.say(text)
        started = time.perf_counter()
        yield
        self.seconds[name] = round(self.seconds.get(name, 0.0) + time.perf_counter() - started, 3)


def working_days(first: datetime, last: datetime, most: int) -> list[datetime]:
    """Spread up to ``most`` moments of decision over the span, on working days only."""
    step = max(1, (last - first).days // most)
    days: list[datetime] = []
    day = last
    while day >= first and len(days) < most:
        while day.weekday() >= 5:
            day -= timedelta(days=1)
        days.append(day)
        day -= timedelta(days=step)
    return sorted(set(days))


@contextmanager
def gateway_in_thread(settings: Settings, clock: Callable[[], datetime], port: int) -> Iterator[None]:
    """Serve the gateway on ``port`` with a clock of ours."""
    config = uvicorn.Config(create_app(settings, clock=clock), host="127.0.0.1", port=port, log_level="warning")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, name="gateway", daemon=True)
    thread.start()
    wait_for(f"http://127.0.0.1:{port}/healthz")
    try:
        yield
    finally:
        server.should_exit = True
        thread.join(timeout=10)


@dataclass
class Demo:
    """The product and its stand-in world, moved through time together."""

    steps: Steps
    clock: LogicalClock
    crm_url: str
    providers_url: str
    stages: Stages
    playbooks: list[str] = field(default_factory=lambda: [book.campaign_id for book in read_playbooks()])

    def move_to(self, moment: datetime) -> None:
        """Let everybody's reactions up to a moment happen, then set all clocks to it."""
        with self.stages.stage("reactions"):
            before = self.clock.now
            for passed in _LOOKS:
                if before + passed < moment:
                    self._settle(before + passed)
            self._settle(moment)
            for url in (self.crm_url, self.providers_url):
                post_json(f"{url}/_sandbox/clock", {"now": moment.isoformat()})

    def _settle(self, moment: datetime) -> None:
        self.clock.now = moment
        post_json(f"{self.providers_url}/_sandbox/settle", {"until": moment.isoformat()})

    def refresh(self, mode: str = "incremental", *, is_last: bool = False) -> None:
        """Load, build, and at the end publish."""
        with self.stages.stage("sync"):
            self.steps.sync_crm(mode)
            self.steps.sync_journal()
        with self.stages.stage("build"):
            self.steps.build()
        if is_last:
            with self.stages.stage("predict"):
                scoring.predict(self.steps)
            with self.stages.stage("publish"):
                self.steps.publish()

    def campaigns(self) -> None:
        """Decide every campaign and send what is planned."""
        with self.stages.stage("decide"):
            self.steps.cancel_ineligible()
            for campaign_id in self.playbooks:
                self.steps.run_campaign(campaign_id)
        with self.stages.stage("send"):
            self.steps.send_due()

    def link_line_users(self) -> None:
        """Hand link codes to the contacts who asked for LINE, as a salesperson would by a printed QR code."""
        with self.steps.warehouse() as connection:
            rows = connection.execute(
                "select id from raw.crm__contacts where notes ilike '%LINE%' and is_active order by id"
            ).fetchall()
        with self.steps.store.begin() as connection:
            codes = {self._line_code(connection, contact_id): contact_id for (contact_id,) in rows}
        post_json(f"{self.providers_url}/_sandbox/people", {"line_codes": codes})

    def _line_code(self, connection: sa.Connection, contact_id: str) -> str:
        code = line_links.issue(
            connection,
            contact_id,
            secret=self.steps.settings.link_secret.get_secret_value(),
            source="staff",
            issued_by="demo",
            shown=invitation(),
            now=self.clock(),
        )
        return code.text


def run_demo(
    *,
    companies: int,
    days: int,
    seed: int,
    settings: Settings,
    end: datetime | None = None,
    say: Callable[[str], None],
    on_cycle: Callable[[int, int], None] = lambda _done, _all: None,
) -> dict[str, Any]:
    """Live through ``days`` up to ``end`` (default: today) and return what ``--json`` writes."""
    stages = Stages(say)
    last = (end or utc_now()).replace(hour=0, minute=0, second=0, microsecond=0) + _DECIDE_AT
    moments = working_days(last - timedelta(days=days), last, _CYCLES)
    log_dir = settings.data_dir / "logs"
    with Processes(log_dir) as processes:
        port = free_port(int(settings.public_url.rsplit(":", 1)[1]))
        with stages.stage("start", "Starting the stand-in CRM, WhatsApp, LINE and mail server"):
            secrets = world.read_secrets(settings.data_dir)
            crm = processes.start("crm", *world.crm_arguments(secrets, companies, seed, moments[0], last), answers=True)
            gateway_url = f"http://127.0.0.1:{port}"
            providers = processes.start(
                "providers", *world.provider_arguments(secrets, seed, gateway_url), answers=True
            )
        bound = world.settings_for(settings.data_dir, secrets, crm, providers, gateway_url)
        clock = LogicalClock(moments[0])
        demo = Demo(Steps(bound, clock=clock), clock, crm["url"], providers["url"], stages)
        with gateway_in_thread(bound, clock, port):
            _live(demo, moments, last, on_cycle)
        received = get_json(f"{providers['url']}/_sandbox/received")
    return demo_result(demo.steps, received, stages.seconds, companies=companies)


def _live(demo: Demo, moments: list[datetime], last: datetime, on_cycle: Callable[[int, int], None]) -> None:
    for number, moment in enumerate(moments):
        demo.move_to(moment)
        demo.refresh("full" if number == 0 else "incremental")
        if number == 0:
            demo.link_line_users()
            demo.move_to(moment + timedelta(minutes=30))
            demo.refresh()
        demo.campaigns()
        on_cycle(number + 1, len(moments) + 1)
    demo.move_to(last + timedelta(hours=6))
    demo.refresh("full", is_last=True)
    on_cycle(len(moments) + 1, len(moments) + 1)


def write_json(path: Path, result: dict[str, Any]) -> None:
    """Write the result where ``--json`` asked for it."""
    path.write_text(json.dumps(result, indent=2, ensure_ascii=False) + "\n")
