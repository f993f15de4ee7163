"""In which window a kill fell: what was claimed, sent, answered, recorded or being committed at that moment.

A child marks in shared memory which kind of transaction it has open; the mark outlives the child. The rest is told from
the ledger, the inbox and what the provider saw. Every kill counts once.
"""

import threading
from collections import Counter
from collections.abc import Collection, Mapping
from mmap import mmap
from typing import Any

import sqlalchemy as sa

from bench.faulty_book import ANSWERED, UNDER_WAY

CLAIM, RECORD, STORED, APPLIED = range(4)
_MARKS = {"claim": CLAIM, "record": RECORD, "webhook": STORED}


class Marks:
    """How many transactions of each kind are open in one child."""

    def __init__(self) -> None:
        self._memory = mmap(-1, 4)
        self._lock = threading.Lock()

    def __getitem__(self, kind: int) -> bool:
        """Whether such a transaction is open."""
        return self._memory[kind] > 0

    def clear(self) -> None:
        """Forget what a dead child had open."""
        self._memory[:] = bytes(4)

    def is_open(self, name: str) -> bool:
        """Whether a transaction that claims, records, or takes a webhook in is open."""
        return self[_MARKS[name]] or (name == "webhook" and self[APPLIED])

    def observe(self, engine: sa.Engine) -> None:
        """Watch an engine of this process."""
        sa.event.listen(engine, "before_cursor_execute", self._before)
        sa.event.listen(engine, "checkin", self._over)  # after the commit

    def _before(self, connection: sa.Connection, _cursor: Any, statement: str, *_more: Any) -> None:
        kind = _kind_of(statement)
        info = connection.info
        if kind is not None and info.get("mark") != kind:
            with self._lock:
                self._leave(info)
                info["mark"] = kind
                self._memory[kind] += 1

    def _over(self, _connection: Any, record: Any) -> None:
        with self._lock:
            self._leave(record.info)

    def _leave(self, info: Any) -> None:
        if (mark := info.pop("mark", None)) is not None:
            self._memory[mark] -= 1


def _kind_of(statement: str) -> int | None:
    words = statement.lower()
    if "insert into inbox" in words:
        return STORED
    if "insert into events" in words:
        return APPLIED
    if "update messages" not in words:
        return None
    if "claimed_at=" in words:
        return CLAIM
    return RECORD if "accepted_at = coalesce" in words else None


def worker_window(marks: Marks, claimed: Collection[str], seen: Mapping[str, str]) -> str:
    """Name the window of a killed worker, by what it had claimed and what the provider saw of that."""
    if marks[RECORD]:
        return "worker: recording"
    if marks[CLAIM]:
        return "worker: claiming"
    if not claimed:
        return "worker: nothing claimed"
    states = Counter(seen[key] for key in claimed if key in seen)
    if not states:
        return "worker: claimed, none sent"
    if states[UNDER_WAY] >= states[ANSWERED]:
        return "worker: request under way"
    return "worker: answered, not recorded"


def gateway_window(marks: Marks, interrupted: Collection[str], stored: Collection[str]) -> str:
    """Name the window of a killed gateway, by the webhooks it did not answer and what the inbox has of them."""
    if marks[APPLIED]:
        return "gateway: applied, not committed"
    if marks[STORED]:
        return "gateway: stored, not applied"
    if not interrupted:
        return "gateway: idle"
    is_stored = any(digest in stored for digest in interrupted)
    return "gateway: applied, not answered" if is_stored else "gateway: webhook received, not stored"


def database_window(worker: Marks, gateway: Marks) -> str:
    """Name the window of a cut connection."""
    for name, marks in (("record", worker), ("claim", worker), ("webhook", gateway)):
        if marks.is_open(name):
            return f"database: during a {name}"
    return "database: idle"
