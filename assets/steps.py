"""The steps of the pipeline, each one call: shared by the Dagster assets, the command line and the demo."""

import asyncio
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from campaigns import definitions, eligibility, fallback, lifecycle, segments
from core.clock import utc_now
from core.errors import PermanentError
from core.lake import Lake
from core.settings import Settings
from core.store.absence import settle_by_absence
from core.store.engine import open_store
from core.store.reach import Reach, heed
from core.store.times import seconds_apart
from core.vocabulary import Channel
from pipelines import crm, files, journal, providers
from pipelines.crm import feedback
from pipelines.files.mapping import Wish
from pipelines.providers import prices
from senders import event_loop
from senders.limits import read_limits
from senders.registry import open_senders
from senders.worker import WorkerOptions, WorkReport, run_worker
from warehouse import build, checks, connect, encrypt, lake, lock, publish, replicas
from warehouse.transaction import in_transaction

_NOTES = """
    select feedback_id, kind, company_id, contact_id, note_title, note_text, happened_at from marts.crm_feedback
"""
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

    @property
    def warehouse_key(self) -> str:
        """What the warehouse is encrypted with; empty when it is not."""
        return self.settings.warehouse_key.get_secret_value()

    @property
    def lake_or_none(self) -> Lake | None:
        """The lake, where the warehouse is one and not a file."""
        where = self.settings.warehouse_path
        return where if isinstance(where, Lake) else None

    @contextmanager
    def warehouse_lock(self, source: str | None = None, *, waits: bool = True) -> Iterator[None]:
        """Wait until this process may write: models and campaigns without, a load with its ``source``.

        DuckDB's file has one writer of this machine. A lake has one of all machines for each source's tables and one
        for models and campaigns, at the same time. Raises TransientError at once when another process writes the file
        and ``waits`` is off.
        """
        if self.lake_or_none is not None:
            with self.lake_or_none.loading(source) if source else self.lake_or_none.writing("models"):
                yield
            return
        with lock.held(self.settings.data_dir, waits=waits):
            yield

    @contextmanager
    def warehouse(self) -> Iterator[Any]:
        """Open the warehouse for writing, schemas ready."""
        with self.warehouse_lock(), connect.connect(self.settings.warehouse_path, key=self.warehouse_key) as connection:
            connect.prepare(connection)
            yield connection

    def sync_crm(self, mode: str = "incremental") -> crm.LoadReport:
        """Load the CRM into ``raw.crm__*``; ``mode`` is ``incremental`` or ``full``."""
        settings = self.settings
        with self.warehouse_lock("crm"):
            return crm.load(
                url=settings.crm_url,
                username=settings.crm_username,
                password=settings.crm_password.get_secret_value(),
                data_dir=settings.data_dir,
                warehouse_path=settings.warehouse_path,
                warehouse_key=self.warehouse_key,
                mode=mode,
                now=self.clock(),
                heed=self.heed,
            )

    def crm_client(self, retry_seconds: float = 10.0) -> crm.CrmClient:
        """Return a signed-in client of the CRM, to be used as a context manager."""
        settings = self.settings
        password = settings.crm_password.get_secret_value()
        return crm.CrmClient(settings.crm_url, settings.crm_username, password, retry_seconds=retry_seconds)

    def load_crm_news(self, news: crm.News) -> crm.LoadReport:
        """Load rows of the CRM that were read already; waits until the warehouse is free."""
        settings = self.settings
        with self.warehouse_lock("crm"):
            return crm.load_news(
                news,
                data_dir=settings.data_dir,
                warehouse_path=settings.warehouse_path,
                warehouse_key=self.warehouse_key,
                now=self.clock(),
            )

    def heed(self, reaches: list[Reach]) -> None:
        """Let what the CRM says about writing to contacts hold for the next message."""
        if reaches:
            with self.store.begin() as connection:
                heed(connection, reaches, self.clock())

    def sync_journal(self) -> journal.LoadReport:
        """Load the store's new rows into ``raw.journal__*``."""
        with self.warehouse_lock("journal"):
            return journal.load(
                self.store,
                data_dir=self.settings.data_dir,
                warehouse_path=self.settings.warehouse_path,
                warehouse_key=self.warehouse_key,
                now=self.clock(),
            )

    def sync_providers(self, days: int = 7) -> providers.LoadReport:
        """Load the providers' own counts of the last ``days`` whole days into ``raw.providers__*``."""
        with self.warehouse_lock("providers"):
            return providers.load(self.settings, now=self.clock(), days=days)

    def sync_files(self, path: Path, list_id: str, wish: Wish) -> files.LoadReport:
        """Import a file as the next version of a contact list into ``raw.files__*``."""
        settings = self.settings
        with self.warehouse_lock("files"):
            return files.load(
                path,
                list_id,
                wish,
                data_dir=settings.data_dir,
                warehouse_path=settings.warehouse_path,
                warehouse_key=self.warehouse_key,
                now=self.clock(),
            )

    def settle_by_absence(self) -> dict[str, int]:
        """Plan again what was in doubt and certainly never left; returns how many messages by channel."""
        with self.store.begin() as connection:
            found = {str(channel): settle_by_absence(connection, channel, self.clock()) for channel in Channel}
        return {channel: count for channel, count in found.items() if count}

    def build(self, select: Collection[str] | None = None, *, is_full: bool = False) -> list[build.ModelRun]:
        """Bring every model up to date in dependency order, or those ``select`` names as ``layer.table``."""
        with self.warehouse() as connection:
            prices.take_in(connection, self.settings.prices_file)
            if self.lake_or_none is None:
                runs = build.build(connection, now=self.clock(), select=select, is_full=is_full)
                with replicas.kept_up(connection, self.settings.serve_dir, self.clock(), self.warehouse_key, select):
                    return runs  # publishing is a copy then
            # Loads go on meanwhile: the build sees raw as it was between two of them; readers see all of it or none.
            return in_transaction(
                connection,
                lambda: build.build(connection, now=self.clock(), select=select, is_full=is_full),
                beginning=self.lake_or_none.between_loads,
            )

    def check(self) -> list[checks.CheckResult]:
        """Ask every promise of every model; what comes back broken must not be published."""
        with self.warehouse() as connection:
            return checks.check_all(connection, self.clock())

    def follow(self) -> publish.Version | None:
        """Copy what another host published from the lake, if it is newer than this host's copy; else None."""
        if self.lake_or_none is None:
            raise PermanentError("the warehouse is a file, published where it is built: only a lake is followed")
        return lake.follow(self.lake_or_none, self.settings.serve_dir)

    def move_into_lake(self, path: Path) -> dict[str, int]:
        """Copy a warehouse file's ``raw`` into the lake, which must hold no rows; returns rows per table."""
        if self.lake_or_none is None:
            raise PermanentError("set BMA_WAREHOUSE_URL to the lake first: see docs/scaling.md")
        with self.warehouse() as connection:
            return lake.move_in(connection, path, self.warehouse_key)

    def tidy_lake(self, grace: timedelta = lake.GRACE) -> lake.Tidied | None:
        """Merge the lake's small files, forget snapshots older than ``grace``; None where the warehouse is a file."""
        if self.lake_or_none is None:
            return None
        with self.lake_or_none.writing("tidy"), connect.connect(self.lake_or_none) as connection:
            return lake.tidy(connection, self.clock(), grace)

    def publish(self) -> publish.Version:
        """Publish ``marts`` for readers. Raises PermanentError when a promise is broken: the old copy stays."""
        with self.warehouse() as connection:
            version = publish.publish_checked(connection, self.settings.serve_dir, self.clock(), self.warehouse_key)
            if self.lake_or_none is not None:
                lake.release(connection, version.published_at)
        return version

    def encrypt(self) -> list[str]:
        """Encrypt the warehouse and its published copies where they stand in the clear; return their names.

        Raises PermanentError without a key.
        """
        where = self.settings.warehouse_path
        if isinstance(where, Lake):
            raise PermanentError("the warehouse is a lake: its bucket and its catalog encrypt it, not we")
        if not self.warehouse_key:
            raise PermanentError("BMA_WAREHOUSE_KEY is empty: set it first, and keep it where the files are not")
        with self.warehouse_lock():
            replicas.forget(self.settings.serve_dir)
            files = [where, *sorted(self.settings.serve_dir.glob("*.duckdb"))]
            return [path.name for path in files if path.exists() and encrypt.encrypt(path, self.warehouse_key)]

    def refuse(self, broken: Sequence[checks.CheckResult]) -> None:
        """Leave word for readers that this build will not be published, since a model of it broke a promise."""
        publish.refuse(self.settings.serve_dir, broken, self.clock())

    def tell_crm(self) -> feedback.Told:
        """Give the CRM the notes of ``marts.crm_feedback`` that it does not have."""
        with self.warehouse() as connection:
            notes = [feedback.Note(*row) for row in connection.execute(_NOTES).fetchall()]
        with self.crm_client() as client:
            return feedback.tell(client, self.store, notes, self.clock())

    def compute_segments(self) -> Any:
        """Record entries to and exits from every segment."""
        with self.warehouse() as connection:
            return segments.compute(connection, self.clock(), segments.open_library(self.store))

    def run_campaign(self, campaign_id: str) -> lifecycle.RunReport:
        """Decide and plan the occurrence of a campaign that is due, and another channel for what did not arrive."""
        playbook = definitions.find(self.store, campaign_id)
        with self.warehouse() as connection:
            now, approves = self.clock(), self.settings.approval_of_playbooks
            report = lifecycle.run_campaign(connection, self.store, playbook, now=now, approves_playbooks=approves)
            if not report.reason:
                fallback.run_fallbacks(connection, self.store, playbook, now=now)
            return report

    def cancel_ineligible(self) -> int:
        """Cancel planned messages whose reason is gone."""
        with self.warehouse() as connection:
            return eligibility.cancel_ineligible(connection, self.store, self.clock())

    def send_due(self) -> WorkReport:
        """Send until nothing is left that may go out now."""
        return event_loop.run(self._work(until_idle=True, stop=None))

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
