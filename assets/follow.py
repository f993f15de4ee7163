"""Following the CRM: its webhooks as they come, a look each minute for what has none. One resident process.

It reads the CRM without the warehouse, lets opt-outs hold at once, and takes the warehouse's single place to write
for the short load only, when there is something to load. Nothing waits anywhere else: a notice stays in the inbox
until its rows are loaded, and what a look has found is found again until it is.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from assets.steps import Steps
from core.crm_notices import read_notice
from core.errors import HouseError, PermanentError, TransientError
from core.logs import get_logger
from core.store import inbox
from pipelines import crm

POLL_SECONDS = 60.0
_LISTEN_SECONDS = 0.5
_MOST_NOTICES = 200
_MOST_ROWS = 500  # at a time: each is a request
_TRIES_FOR = timedelta(minutes=15)
_LONGEST_PAUSE = 60.0
Told = Callable[[crm.LoadReport], None]


@dataclass(frozen=True)
class _Waiting:
    """A notice that is taken and not settled: its place in the inbox and the rows it names."""

    inbox_id: int
    received_at: datetime
    rows: frozenset[crm.Row]


@dataclass
class Follower:
    """What follows the CRM for one installation; ``told`` hears of every load."""

    steps: Steps
    told: Told = lambda _report: None
    _poll: crm.Poll | None = None
    _failures: int = field(default=0)

    def run(self, stop: threading.Event) -> None:
        """Follow until told to stop. First everything that moved while nobody looked is loaded."""
        with self.steps.crm_client() as client:
            next_poll = 0.0
            while not stop.wait(_LISTEN_SECONDS if not self._failures else self._pause()):
                try:
                    if self._poll is None:
                        self.catch_up()
                    self.take_notices(client)
                    if (now := self.steps.clock().timestamp()) >= next_poll:
                        self.look(client)
                        next_poll = now + POLL_SECONDS
                    self._failures = 0
                except HouseError as error:
                    self._failures += 1
                    get_logger().warning("crm_not_followed", reason=str(error), failures=self._failures)

    def catch_up(self) -> None:
        """Load what moved since the last load, and look from there on."""
        self.told(self.steps.sync_crm("incremental"))
        with self.steps.warehouse_lock():
            self._poll = crm.Poll(crm.known_until(self.steps.settings.warehouse_path, self.steps.warehouse_key))

    def take_notices(self, client: crm.CrmClient) -> int:
        """Read and load the rows that webhooks named; returns how many notices that settled.

        A notice of which a row cannot be read stays for a while, then is kept for replay with the reason. Raises
        TransientError when CRM or warehouse do not answer, PermanentError when the CRM does not let us in: all stay.
        """
        notices = self._next_notices()
        if not notices:
            return 0
        refused, failed = self._load_named(client, {row for notice in notices for row in notice.rows})
        now = self.steps.clock()
        waits = 0
        with self.steps.store.begin() as connection:
            for notice in notices:
                lost = refused | (failed if now - notice.received_at > _TRIES_FOR else {})
                reasons = [lost[row] for row in notice.rows if row in lost]
                if reasons:
                    inbox.mark_rejected(connection, notice.inbox_id, reasons[0], now)
                    get_logger().error("crm_notice_kept_for_replay", inbox_id=notice.inbox_id, reason=reasons[0])
                elif notice.rows & failed.keys():
                    waits += 1
                else:
                    inbox.mark_applied(connection, notice.inbox_id, now)
        if waits:
            raise TransientError(f"rows of {waits} notices could not be read: {next(iter(failed.values()))}")
        return len(notices)

    def _next_notices(self) -> list[_Waiting]:
        with self.steps.store.connect() as connection:
            waiting = inbox.waiting(connection, "crm", _MOST_NOTICES)
        found: list[_Waiting] = []
        for row in waiting:
            if sum(len(notice.rows) for notice in found) >= _MOST_ROWS:
                break
            try:
                changes = read_notice(row["body"]).changes
            except PermanentError as error:  # an older version took it
                with self.steps.store.begin() as connection:
                    inbox.mark_rejected(connection, row["inbox_id"], str(error), self.steps.clock())
                continue
            rows = frozenset((change.collection, change.id) for change in changes)
            found.append(_Waiting(row["inbox_id"], row["received_at"], rows))
        return found

    def look(self, client: crm.CrmClient) -> None:
        """Look once for everything that moved; the warehouse is written only when something did."""
        if self._poll is None:
            raise PermanentError("nothing is known to look from: catch up first")
        news = self._poll.look(client, self.steps.clock())
        if news:
            self._load(news)
        else:
            self._say_looked_at(news)
        self._poll.confirm(news)

    def _load_named(self, client: crm.CrmClient, rows: set[crm.Row]) -> tuple[dict[crm.Row, str], dict[crm.Row, str]]:
        """Load the rows named, and what went with a deleted company; returns those refused and failed, with reasons."""
        refused: dict[crm.Row, str] = {}
        failed: dict[crm.Row, str] = {}
        named: dict[str, set[str]] = {}
        for collection, key in rows:
            named.setdefault(collection, set()).add(key)
        while named:
            news = crm.read_named(client, named, self.steps.clock())
            refused |= news.refused
            failed |= news.failed
            named = self._load(news).cascade if news else {}
        return refused, failed

    def _load(self, news: crm.News) -> crm.LoadReport:
        self.steps.heed(news.reaches())
        report = self.steps.load_crm_news(news)
        if any(report.rows.values()):
            self.told(report)
        return report

    def _say_looked_at(self, news: crm.News) -> None:
        settings = self.steps.settings
        try:
            with self.steps.warehouse_lock(waits=False):
                crm.say_looked_at(
                    news,
                    warehouse_path=settings.warehouse_path,
                    warehouse_key=self.steps.warehouse_key,
                    now=self.steps.clock(),
                )
        except TransientError:
            return  # a build has it, and reads the time of the load it began with; the next look says it

    def _pause(self) -> float:
        return float(min(_LONGEST_PAUSE, 2.0**self._failures))
