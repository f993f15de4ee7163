"""The steps of the pipeline, each one call: shared by the Dagster assets, the command line and the demo."""

import asyncio
import fcntl
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any

import sqlalchemy as sa

from campaigns import eligibility, lifecycle, playbooks, segments
from core.clock import utc_now
from core.errors import PermanentError
from core.settings import Settings
from core.store.absence import settle_by_absence
from core.store.engine import open_store
from core.store.times import seconds_apart
from core.vocabulary import Channel
from pipelines import crm, journal, providers
from senders.limits import read_limits
from senders.registry import open_senders
from senders.worker import WorkerOptions, WorkReport, run_worker
from warehouse import build, checks, connect, publish

MOST_APART = 5.0  # seconds between the clocks of hosts that send; far less than a lease


@dataclass
class Steps:
    """What may be done, bound to one installation's settings and clock. Opens nothing until a step needs it."""

    settings: Settings
    clock: Callable[[], datetime] = utc_now
    on_progress: Callable[[str], None] = field(default=lambda _text: None)

    @cached_property
    def store(self) -> sa.Engine:
        """The store, with its schema up to date."""
        return open_store(self.settings.effective_store_url)

    @contextmanager
    def warehouse_lock(self) -> Iterator[None]:
        """Wait until no other process of this machine writes the warehouse: DuckDB allows one writer."""
        self.settings.data_dir.mkdir(parents=True, exist_ok=True)
        with (self.settings.data_dir / "warehouse.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    @contextmanager
    def warehouse(self) -> Iterator[Any]:
        """Open the warehouse for writing, schemas ready."""
        with self.warehouse_lock(), connect.connect(self.settings.warehouse_path) as connection:
            connect.prepare(connection)
            yield connection

    def sync_crm(self, mode: str = "incremental") -> crm.LoadReport:
        """Load the CRM into ``raw.crm__*``; ``mode`` is ``incremental`` or ``full``."""
        settings = self.settings
        with self.warehouse_lock():
            return crm.load(
                url=settings.crm_url,
                username=settings.crm_username,
                password=settings.crm_password.get_secret_value(),
                data_dir=settings.data_dir,
                warehouse_path=settings.warehouse_path,
                mode=mode,
                now=self.clock(),
            )

    def sync_journal(self) -> journal.LoadReport:
        """Load the store's new rows into ``raw.journal__*``."""
        with self.warehouse_lock():
            return journal.load(
                self.store,
                data_dir=self.settings.data_dir,
                warehouse_path=self.settings.warehouse_path,
            )

    def sync_providers(self, days: int = 7) -> providers.LoadReport:
        """Load the providers' own counts of the last ``days`` whole days into ``raw.providers__*``."""
        with self.warehouse_lock():
            return providers.load(self.settings, now=self.clock(), days=days)

    def settle_by_absence(self) -> dict[str, int]:
        """Plan again what was in doubt and certainly never left; returns how many messages by channel."""
        with self.store.begin() as connection:
            found = {str(channel): settle_by_absence(connection, channel, self.clock()) for channel in Channel}
        return {channel: count for channel, count in found.items() if count}

    def build(self, select: Collection[str] | None = None) -> list[build.ModelRun]:
        """Build every model in dependency order, or those ``select`` names as ``layer.table``."""
        with self.warehouse() as connection:
            return build.build(connection, now=self.clock(), select=select)

    def check(self) -> list[checks.CheckResult]:
        """Ask every promise of every model; what comes back broken must not be published."""
        with self.warehouse() as connection:
            return checks.check_all(connection, self.clock())

    def publish(self) -> publish.Version:
        """Publish ``marts`` for readers. Raises PermanentError when a promise is broken: the old copy stays."""
        with self.warehouse() as connection:
            return publish.publish_checked(connection, self.settings.serve_dir, self.clock())

    def compute_segments(self) -> Any:
        """Record entries to and exits from every segment."""
        with self.warehouse() as connection:
            return segments.compute(connection, self.clock(), segments.open_library(self.store))

    def run_campaign(self, campaign_id: str, occurrence: str | None = None) -> lifecycle.RunReport:
        """Decide and plan one campaign's occurrence."""
        playbook = playbooks.read_playbook(campaign_id)
        with self.warehouse() as connection:
            return lifecycle.run_campaign(connection, self.store, playbook, now=self.clock(), occurrence=occurrence)

    def cancel_ineligible(self) -> int:
        """Cancel planned messages whose reason is gone."""
        with self.warehouse() as connection:
            return eligibility.cancel_ineligible(connection, self.store, self.clock())

    def send_due(self) -> WorkReport:
        """Send until nothing is left that may go out now."""
        return asyncio.run(self._work(until_idle=True, stop=None))

    async def work(self, stop: asyncio.Event) -> WorkReport:
        """Send until told to stop: the resident worker."""
        return await self._work(until_idle=False, stop=stop)

    async def _work(self, *, until_idle: bool, stop: asyncio.Event | None) -> WorkReport:
        self._refuse_wrong_clock()
        senders = open_senders(self.settings)
        return await run_worker(
            self.store,
            senders,
            options=self.worker_options,
            clock=self.clock,
            until_idle=until_idle,
            stop=stop,
            limits=lambda channel: read_limits(channel, self.settings.limits_file),
        )

    def _refuse_wrong_clock(self) -> None:
        """Leases are judged by each host's own clock: one that is ahead would take a lane that is owned."""
        with self.store.connect() as connection:
            apart = seconds_apart(connection, self.clock())
        if apart > MOST_APART:
            raise PermanentError(
                f"this host's clock and the database's are {apart:.0f} s apart: nothing is sent from here; set it"
            )

    @property
    def worker_options(self) -> WorkerOptions:
        """What the worker needs to render: addresses and secrets of links."""
        return WorkerOptions(
            public_url=self.settings.public_url, link_secret=self.settings.link_secret.get_secret_value()
        )

    @property
    def open_channels(self) -> list[Channel]:
        """Channels whose settings are filled in."""
        return sorted(open_senders(self.settings))
