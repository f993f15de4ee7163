"""The writing process: an interpreter and a core of its own for translating and writing, so that the doors stay quick.

It ends when the gateway closes the connection or dies, and not by a signal meant for the whole group: what was sent is
written first.
"""

import gc
import os
import signal
import socket
import sqlite3
import sys
import threading
from collections import deque
from collections.abc import Iterable, Sequence
from typing import Any

import sqlalchemy as sa

from core import telemetry, traces
from core.clock import utc_now
from core.logs import get_logger
from core.settings import Settings
from core.store.engine import connect_store
from core.store.inbox import Raw
from gateway.applying import translator
from gateway.frames import Frames, frame
from gateway.writing import MOST_BYTES_TOGETHER, MOST_TOGETHER, Groups, Taken

_CHUNK = 1024 * 1024
# What is looked up is always few rows by their key; PostgreSQL, which cannot count them, would read whole tables.
_BY_KEY = {
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
    "enable_bitmapscan": "off",
    "enable_seqscan": "off",
    "plan_cache_mode": "force_generic_plan",
}


# SQLite would have all wait while a commit reaches the disk: the writing process does that itself, beside the next
# group. So it does with the copying of the log into the database, of which a commit does only what is left at 64 MB.
_WITHOUT_SYNC = ("PRAGMA synchronous=NORMAL", "PRAGMA wal_autocheckpoint=16000", "PRAGMA cache_size=-32768")
_COPY_EVERY = 4000  # deliveries: some 35 MB of log


_sync = getattr(os, "fdatasync", os.fsync)  # macOS has the second only


def sync_log(connection: sa.Connection) -> None:
    """Make durable what is committed in SQLite: its write-ahead log, which holds it until it is in the database."""
    log = os.open(f"{connection.engine.url.database}-wal", os.O_RDWR)
    try:
        _sync(log)
    finally:
        os.close(log)


class _Copying:
    """Copies SQLite's log into the database in a thread of its own, while others write on."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine
        self._written = 0
        self._is_due = threading.Event()
        threading.Thread(target=self._work, daemon=True).start()

    def note(self, count: int) -> None:
        """Say that so many deliveries more were written."""
        self._written += count
        if self._written >= _COPY_EVERY:
            self._written = 0
            self._is_due.set()

    def _work(self) -> None:
        while True:
            self._is_due.wait()
            self._is_due.clear()
            connection = self._engine.raw_connection()
            try:
                connection.cursor().execute("PRAGMA wal_checkpoint(PASSIVE)")
            except sqlite3.Error as error:  # the next one, or a commit, copies it
                get_logger().warning("the log was not copied into the database", error=type(error).__name__)
            finally:
                connection.close()


def _tune(connection: sqlite3.Connection, _record: object) -> None:
    for pragma in _WITHOUT_SYNC:
        connection.execute(pragma)


class _Writing:
    """Takes what came, writes it, and says so."""

    def __init__(self, connection: socket.socket, frames: Frames, engine: sa.Engine, settings: Settings) -> None:
        self._connection, self._frames = connection, frames
        self._engine, self._translate = engine, translator(settings)
        self._came = deque[tuple[int, Taken]]()
        # Of two connections, each would throw away its copy of SQLite's pages at every word of the other.
        is_sqlite = engine.dialect.name == "sqlite"
        self._shared = Groups(engine, self._translate, utc_now, sync_log) if is_sqlite else None
        self._copying = _Copying(engine) if is_sqlite else None
        self._turn, self._telling = threading.Lock(), threading.Lock()

    def take(self, sent: Iterable[tuple[int, Sequence[Taken]]]) -> None:
        """Put what was sent where it waits for its turn."""
        for first, group in sent:
            self._came.extend(enumerate(group, first))

    def work(self) -> None:
        """Write until the gateway says no more. While one thread waits for the disk, another writes the next group."""
        groups = self._shared or Groups(self._engine, self._translate, utc_now)
        while True:
            with self._turn:
                first, group = self._next()
                if not group:
                    return
                begun = groups.begin(group)
            if self._copying is not None:
                self._copying.note(len(group))
            written = begun.commit()
            with self._telling:
                self._connection.sendall(frame((first, len(group), written)))

    def _next(self) -> tuple[int, list[Taken]]:
        if not self._came and not self._read(0):
            return 0, []
        while len(self._came) < MOST_TOGETHER and self._read(socket.MSG_DONTWAIT):
            pass
        first, size = self._came[0][0], 0
        group: list[Taken] = []
        while self._came and len(group) < MOST_TOGETHER and size < MOST_BYTES_TOGETHER:
            _, taken = self._came.popleft()
            group.append(taken)
            size += len(taken.body) if isinstance(taken, Raw) else 0
        return first, group

    def _read(self, flags: int) -> bool:
        """Read what is there, or wait for a whole frame; False when there is none."""
        while True:
            try:
                data = self._connection.recv(_CHUNK, flags)
            except BlockingIOError:
                return False
            if not data:
                return False
            self.take(self._frames.feed(data))
            if self._came or flags:
                return True


def main(descriptor: int) -> None:
    """Be the writing process of the gateway at the other end."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    connection = socket.socket(fileno=descriptor)
    frames = Frames()
    sent: list[Any] = []
    while not sent:
        sent = list(frames.feed(connection.recv(_CHUNK)))
    settings, *already = sent  # deliveries do not wait until it has started
    telemetry.start("intake", settings)
    engine = connect_store(settings.effective_store_url, planner=_BY_KEY)
    if engine.dialect.name == "sqlite":
        sa.event.listen(engine, "connect", _tune)
    writing = _Writing(connection, frames, engine, settings)
    writing.take(already)
    threads = [threading.Thread(target=writing.work) for _ in range(2)]
    gc.freeze()  # what is loaded by now stays: looking through it at every collection costs 100 ms
    connection.sendall(frame(None))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    traces.stop()


if __name__ == "__main__":
    main(int(sys.argv[1]))
