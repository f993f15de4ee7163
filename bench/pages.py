"""The dashboard over a year's events: how long each page takes on the server, chosen anew, by 20 people at once."""

import asyncio
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import quantiles

import aiohttp

from bench.event_history import EventHistory
from bench.pages_browser import first_paints
from bench.pages_sessions import Visitor
from bench.pages_world import make_world
from bench.report import Result
from cli.processes import free_port, wait_for
from core.clock import utc_now
from core.settings import Settings
from warehouse.publish import newest

# Every page, and the widget by which people look at something else on it; nothing: there is none.
PAGES = {
    "overview": "Period",
    "campaigns": "Campaign",
    "segments": "Segment",
    "customer": "Company",
    "conversations": "Waiting",
    "channels": "Period",
    "reports": "Drawn as",
    "health": "",
    "admin": "",
}
PEOPLE = 20
_THINKING = 10.0  # seconds between two clicks of one person, in the mean
_MUST_MS, _PAINT_MS = 300.0, 1000.0
_QUICK = 100_000
_ROOT = Path(__file__).parents[1]


@dataclass
class Times:
    """Milliseconds of one page."""

    first: float = 0.0  # after a new copy was published: nothing is remembered
    warm: list[float] = field(default_factory=list)
    chosen: list[float] = field(default_factory=list)
    cpu: float = 0.0  # of the server, for one warm opening
    paint: float | None = None


def pages(quick: bool) -> Result:  # noqa: FBT001 -- how measures are called
    """Measure every page warm, the first after a publication, a choice on it, and 20 people at once."""
    events = _QUICK if quick else int(os.environ.get("BENCH_EVENTS", "10000000"))
    with _world(events) as (settings, history), _dashboard(settings) as (address, process):
        seen = asyncio.run(_one_after_another(address, process.pid, 4 if quick else 20))
        together = asyncio.run(_together(address, 5.0 if quick else 60.0))
        for page, paint in first_paints(address, list(PAGES)).items():
            seen[page].paint = paint
        peak = _resident_mib(process.pid)
    worst = max(PAGES, key=lambda page: p95(seen[page].warm))
    value, paints = p95(seen[worst].warm), [each.paint for each in seen.values()]
    # What no browser measured is not met.
    is_painted_in_time = all(paint is not None and paint <= _PAINT_MS for paint in paints)
    return Result(
        name="pages",
        what=f"p95 of the slowest page ({worst}) on the server, warm, {history.events:,} events (ms)",
        value=value,
        limit=None,
        ratio=None,
        must="≤ 300 on the server, first paint ≤ 1,000",
        after="≤ 100",
        met=value <= _MUST_MS and is_painted_in_time,
        notes=(
            f"{history.contacts:,} contacts; ms: warm p95/CPU of an opening/first after publishing/p95 of a choice/"
            "first paint: "
            + "; ".join(f"{page} {_told(times)}" for page, times in seen.items())
            + f"; {PEOPLE} people at once, a click each {_THINKING:.0f} s: p95 {p95(together):,.0f} ms of"
            f" {len(together)} clicks; {peak:,.0f} MiB"
        ),
    )


@contextmanager
def _world(events: int) -> Iterator[tuple[Settings, EventHistory]]:
    """Yield a published world: a new one, gone afterwards, or that of BENCH_WORLD, made where there is none yet."""
    with tempfile.TemporaryDirectory(prefix="bma-pages-") as name:
        folder = Path(os.environ.get("BENCH_WORLD", name))
        settings = Settings(_env_file=None, data_dir=folder, public_url="http://127.0.0.1:0")
        is_made = newest(settings.serve_dir) is not None
        yield settings, EventHistory(folder, events, utc_now()) if is_made else make_world(settings, events, utc_now())


def p95(values: list[float]) -> float:
    """Return the 95th percentile; of nothing it is 0."""
    return quantiles(values, n=20, method="inclusive")[-1] if len(values) > 1 else sum(values)


def _told(times: Times) -> str:
    chosen = f"{p95(times.chosen):,.0f}" if times.chosen else "–"
    paint = "–" if times.paint is None else f"{times.paint:,.0f}"
    return f"{p95(times.warm):,.0f}/{times.cpu:,.0f}/{times.first:,.0f}/{chosen}/{paint}"


@contextmanager
def _dashboard(settings: Settings) -> Iterator[tuple[str, "subprocess.Popen[bytes]"]]:
    port = free_port()
    options = ["--server.port", str(port), "--server.address", "127.0.0.1", "--server.headless", "true"]
    process = subprocess.Popen(
        [sys.executable, "-m", "streamlit", "run", "dashboard/app.py", *options],
        cwd=_ROOT,
        env={**os.environ, "BMA_DATA_DIR": str(settings.data_dir), "BMA_DASHBOARD_ROLE": "admin"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_for(f"http://127.0.0.1:{port}/_stcore/health")
        yield f"http://127.0.0.1:{port}", process
    finally:
        process.terminate()
        process.wait(timeout=20)


@asynccontextmanager
async def _visitor(address: str) -> AsyncIterator[Visitor]:
    async with aiohttp.ClientSession() as http, Visitor(http, address) as visitor:
        yield visitor


async def _one_after_another(address: str, pid: int, rounds: int) -> dict[str, Times]:
    seen = {page: Times() for page in PAGES}
    async with _visitor(address) as visitor:
        await visitor.open("admin")  # the process imports what it needs
        for page, label in PAGES.items():
            times = seen[page]
            times.first = 1000 * await visitor.open(page)
            started = _cpu_seconds(pid)
            times.warm = [1000 * await visitor.open(page) for _ in range(rounds)]
            times.cpu = 1000 * (_cpu_seconds(pid) - started) / rounds
            if label:
                times.chosen = [1000 * await visitor.choose(page, label, number) for number in range(1, rounds + 1)]
    return seen


async def _together(address: str, seconds: float) -> list[float]:
    """Let 20 people open pages and choose, each thinking between two clicks; returns the milliseconds of all."""
    until = time.monotonic() + seconds
    found = await asyncio.gather(*(_person(address, until, random.Random(number)) for number in range(PEOPLE)))
    return [each for one in found for each in one]


async def _person(address: str, until: float, chance: random.Random) -> list[float]:
    spent: list[float] = []
    async with _visitor(address) as visitor:
        await visitor.think(chance.uniform(0, (until - time.monotonic()) / 2))
        while time.monotonic() < until:
            page = chance.choice(list(PAGES))
            spent.append(1000 * await visitor.open(page))
            if PAGES[page] and chance.random() < 0.5:
                await visitor.think(_pause(chance, until))
                spent.append(1000 * await visitor.choose(page, PAGES[page], chance.randrange(9)))
            await visitor.think(_pause(chance, until))
    return spent


def _pause(chance: random.Random, until: float) -> float:
    return min(chance.expovariate(1 / _THINKING), until - time.monotonic())


def _cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _resident_mib(pid: int) -> float:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * resource.getpagesize() / 2**20
