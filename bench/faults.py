"""Faults of the world: a full disk, a database that is gone, a clock set back, a provider that is down for an hour.

Each is one short story with the product's own worker and gateway: it sends, the fault comes, what waits says why, the
fault goes, and sending goes on without anybody's help.
"""

import re
import shutil
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from bench import postgres
from bench.scene import Scene, scene
from core.store.engine import connect_store
from core.store.tables import lanes, messages
from senders.limits import Limits

_LIMITS = Limits(per_second=150, in_flight=10)
_SMALL = 16 * 1024 * 1024  # bytes of the file system that fills
_HOUR = 3600.0
_MESSAGES = 260
_LEASES = 95.0  # seconds: longer than a message's lease and a lane's
_FLIES = 300.0  # of the worker's seconds in one of ours
_AWAY = "the store does not answer"


def why_no_small_disk() -> str:
    """Say why no small file system can be mounted here; empty when it can."""
    with tempfile.TemporaryDirectory() as folder:
        made = _mount(Path(folder))
        if made.returncode == 0:
            subprocess.run(["umount", folder], check=True)
            return ""
    return f"a small file system needs root (mount -t tmpfs): {made.stderr.strip()}"


def run_faults(say: Callable[[str], None] = print) -> dict[str, dict[str, Any]]:
    """Tell every story at full length; what this machine does not allow says why."""
    stories: dict[str, Callable[[], dict[str, Any]]] = {
        "disk full (sqlite)": lambda: disk_full(15.0),
        "database gone for a minute (postgresql)": lambda: database_gone(60.0),
        "database locked for a minute (sqlite)": lambda: database_gone(60.0, store="sqlite"),
        "clock set back an hour (sqlite)": clock_set_back,
        "provider down for an hour (sqlite)": provider_down,
    }
    missing = {
        "disk full (sqlite)": why_no_small_disk(),
        "database gone for a minute (postgresql)": "" if postgres.is_installed() else postgres.MISSING,
    }
    found = {}
    for name, story in stories.items():
        say(f"> {name}")
        found[name] = {"not_run": missing[name]} if missing.get(name) else story()
    return found


def disk_full(seconds: float = 3.0) -> dict[str, Any]:
    """Fill the file system the store is on while the worker sends and webhooks come; free it after ``seconds``."""
    with ExitStack() as stack:
        folder = stack.enter_context(small_disk())
        stage = stack.enter_context(scene(f"sqlite:///{folder / 'store.db'}", _LIMITS, count=_MESSAGES))
        stage.wait_until(lambda: stage.taken() >= 60, 20, "sending has begun")
        fill(folder / "filler")
        stage.wait_until(lambda: _AWAY in stage.log("worker"), 20, "the worker says why it does not send")
        still = _stands_still(stage)
        time.sleep(seconds)
        (folder / "filler").unlink()
        return stage.ends({"seconds_away": seconds, "stood_still": still, "reason": _reason(stage, "full")})


def database_gone(seconds: float = 3.0, *, store: str = "postgresql") -> dict[str, Any]:
    """Stop PostgreSQL, or keep SQLite locked, for ``seconds`` while the worker sends and webhooks come."""
    with ExitStack() as stack:
        if store == "postgresql":
            server = stack.enter_context(postgres.running())
            url = postgres.new_database(server.url, "faults")
        else:
            url = f"sqlite:///{Path(stack.enter_context(tempfile.TemporaryDirectory())) / 'store.db'}"
        stage = stack.enter_context(scene(url, _LIMITS, count=_MESSAGES))
        stage.wait_until(lambda: stage.taken() >= 60, 20, "sending has begun")
        if store == "postgresql":
            server.stop("immediate")
            stage.wait_until(lambda: _AWAY in stage.log("worker"), 20, "the worker says why it does not send")
            still = _stands_still(stage)
            time.sleep(seconds)
            server.start()
        else:
            still = _lock(url, seconds, lambda: _stands_still(stage))
        reason = _reason(stage, "connection" if store == "postgresql" else "locked")
        return stage.ends({"seconds_away": seconds, "stood_still": still, "reason": reason})


def clock_set_back() -> dict[str, Any]:
    """Set the worker's wall clock back by an hour while it sends, then kill it: another goes on by the new clock.

    Half of the messages were put off by the old clock (a person gets one every two seconds), so ``not_before``, the
    message leases and the lane's lease lie an hour ahead.
    """
    limits = Limits(per_second=150, in_flight=10, spacing_seconds=2.0)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        stage = stack.enter_context(
            scene(f"sqlite:///{folder / 'store.db'}", limits, count=_MESSAGES, people=_MESSAGES // 2)
        )
        stage.wait_until(lambda: stage.taken() >= 60, 20, "sending has begun")
        stage.times.wall_shift = -_HOUR
        before = stage.taken()
        stage.wait_until(lambda: stage.taken() >= before + 40, 20, "the same worker goes on by the new clock")
        stage.kill_worker()
        stage.times.ahead += _LEASES  # for what the new clock wrote; what the old one wrote lies an hour ahead
        stage.start_worker()
        return stage.ends({"seconds_away": 0.0, "stood_still": True, "reason": ""})


def provider_down(look: Callable[[Scene], None] = lambda _stage: None) -> dict[str, Any]:
    """Let the provider refuse connections for an hour of the worker's time, which flies while the worker waits.

    ``look`` is called while everything waits, and no faster than we do.
    """
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        made = scene(f"sqlite:///{folder / 'store.db'}", _LIMITS, count=300, speed=_FLIES, is_provider_up=False)
        stage = stack.enter_context(made)
        began = stage.times.monotonic()
        stage.wait_until(lambda: _pause(stage) is not None, 20, "the lane pauses")
        stage.wait_until(lambda: stage.times.monotonic() > began + _HOUR / 2, 120, "half an hour is over")
        soon = timedelta(seconds=60)
        stage.wait_until(lambda: _pause(stage, stage.times.now() + soon) is not None, 60, "the lane pauses for a while")
        stage.times.speed = 1.0
        look(stage)
        stage.times.speed = _FLIES
        stage.wait_until(lambda: stage.times.monotonic() > began + _HOUR, 120, "an hour is over")
        asked, reason = stage.begun(), _pause(stage)
        attempts = stage.rows(sa.select(sa.func.max(messages.c.attempts)))[0][0]
        stage.provider_up()
        back = stage.times.monotonic()
        stage.wait_until(lambda: stage.taken() > 0, 60, "the lane finds out that the provider is back")
        found = round(stage.times.monotonic() - back)
        said = {"requests_in_the_hour": asked, "attempts_used": attempts, "found_out_after": found}
        return stage.ends({"seconds_away": _HOUR, "stood_still": True, "reason": reason, **said})


def _pause(stage: Scene, beyond: datetime = datetime(1, 1, 1, tzinfo=UTC)) -> str | None:
    rows = stage.rows(sa.select(lanes.c.pause_reason).where(lanes.c.paused_until > beyond))
    return str(rows[0][0]) if rows else None


def _stands_still(stage: Scene) -> bool:
    """Whether nothing goes out any more, once what was under way has ended."""
    time.sleep(1.0)
    before = stage.taken()
    time.sleep(1.0)
    return stage.taken() == before


def _reason(stage: Scene, word: str) -> str:
    """Return the worker's own words about the fault."""
    found = re.search(rf"{_AWAY}.*?error='([^\\\n]*{word}[^\\\n]*)", stage.log("worker"))
    return f"{_AWAY}: {found[1]}" if found else ""


def _lock(url: str, seconds: float, meanwhile: Callable[[], bool]) -> bool:
    """Keep a SQLite locked against writers; returns what ``meanwhile`` says while it is."""
    engine = connect_store(url)
    with engine.begin():  # "begin immediate" keeps writers out
        over = threading.Event()
        threading.Timer(seconds, over.set).start()
        seen = meanwhile()
        over.wait()
    engine.dispose()
    return seen


@contextmanager
def small_disk() -> Iterator[Path]:
    """Mount a file system of a few megabytes, in memory."""
    folder = Path(tempfile.mkdtemp(prefix="bma-small-"))
    made = _mount(folder)
    if made.returncode:
        raise PermissionError(f"a small file system needs root (mount -t tmpfs): {made.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=False)
        shutil.rmtree(folder, ignore_errors=True)


def fill(path: Path) -> None:
    """Write until nothing more fits."""
    with path.open("wb", buffering=0) as file:
        for size in (65536, 512):
            try:
                while True:
                    file.write(b"\0" * size)
            except OSError:
                continue


def _mount(folder: Path) -> "subprocess.CompletedProcess[str]":
    command = ["mount", "-t", "tmpfs", "-o", f"size={_SMALL}", "bma-small", str(folder)]
    return subprocess.run(command, check=False, capture_output=True, text=True)
