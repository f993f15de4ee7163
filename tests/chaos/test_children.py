"""A proof's children are what they would be in a fresh process, whatever the process that forks them did before."""

import asyncio
import gc
import os
import signal
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bench import children
from core.store.lanes import LaneMemory
from senders.breaker import Breaker

NEVER = LaneMemory(None, None, None, 0)


def test_the_senders_clock_is_ruled_even_where_everything_loaded_is_frozen(tmp_path: Path) -> None:
    said = tmp_path / "said"
    times = children.Time()
    times.ahead = 3600.0

    def work() -> None:
        gc.freeze()

        async def look() -> None:
            asked = Breaker(NEVER, lambda: datetime.now(UTC))._monotonic
            said.write_text(str(asked() - time.clock_gettime(time.CLOCK_MONOTONIC)))

        times.run(look())

    children.join(children.fork(work))

    assert float(said.read_text()) == pytest.approx(3600.0, abs=5)


def test_a_child_ends_at_a_signal_that_the_process_it_comes_from_hears_and_ignores() -> None:
    before = signal.signal(signal.SIGTERM, lambda *_given: None)
    try:
        pid = children.fork(lambda: time.sleep(60))
        os.kill(pid, signal.SIGTERM)
        began = time.monotonic()
        children.join(pid)
    finally:
        signal.signal(signal.SIGTERM, before)

    assert time.monotonic() - began < 30


def test_a_child_hears_a_signal_once_it_has_said_that_it_will(tmp_path: Path) -> None:
    said = tmp_path / "said"

    def work() -> None:
        async def until(stop: asyncio.Event) -> None:
            said.touch()
            await stop.wait()
            said.write_text("stopped in good order")

        children.Time().run(children.until_terminated(until))

    pid = children.fork(work)
    while not said.exists():
        time.sleep(0.01)
    children.stop(pid)

    assert said.read_text() == "stopped in good order"
