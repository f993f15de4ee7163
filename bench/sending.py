"""How fast messages go out, and at what cost: the engine alone, over HTTP, at a provider's rate, and in memory."""

import asyncio
import json
import re
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import aiohttp
import orjson
import sqlalchemy as sa

from bench.outbox_of import plan
from bench.report import Result
from core.clock import utc_now
from core.store.engine import open_store
from core.vocabulary import Channel
from senders import event_loop
from senders.contract import WITHHELD, Accepted, Answer, MayGo, Outgoing, Sender, always
from senders.limits import Limits
from senders.whatsapp.send import API_VERSION, WhatsAppSender, payload
from senders.worker import WorkerOptions, run_worker

_OPTIONS = WorkerOptions(public_url="http://127.0.0.1:8000", link_secret="linksecret")
_UNLIMITED = Limits(per_second=1_000_000, burst_seconds=60, in_flight=200)


class _Nobody:
    """A sender without a wire: writes the request's bytes and says yes."""

    channel = Channel.WHATSAPP
    knows_repeats = False

    async def send(self, message: Outgoing, may_go: MayGo = always) -> Answer:
        orjson.dumps(payload(message))
        return Accepted(message.message_id) if may_go() else WITHHELD

    async def close(self) -> None:
        return None


def engine(quick: bool) -> Result:  # noqa: FBT001 -- every measure is asked so
    """CPU of a message without transport: claim, last look, render, JSON, record, fsync."""
    count = 10_000 if quick else 50_000
    with outbox(count) as url:
        cpu, _ = work(url, _Nobody(), _UNLIMITED)
    micros = cpu / count * 1e6
    return Result(
        name="engine",
        what="CPU a message without transport, durable, µs",
        value=micros,
        limit=None,
        ratio=None,
        must="≤ 40",
        after="≤ 20",
        met=micros <= 40,
        notes=f"{count:,} messages, SQLite, synchronous=FULL",
    )


def http(quick: bool) -> Result:  # noqa: FBT001 -- every measure is asked so
    """Messages a second over HTTP to a fast provider, against a bare aiohttp loop posting the same bodies."""
    count = 16_000 if quick else 30_000
    ours, bare, on_uvloop = [], [], []
    with _provider() as address:
        for _ in range(2):
            with outbox(count) as url:
                sender = WhatsAppSender(url=address, phone_number_id="1", token="t")
                _, seconds = work(url, sender, _UNLIMITED)
            ours.append(count / seconds)
            bare.append(count / asyncio.run(_bare(address, count, _UNLIMITED.in_flight)))
            on_uvloop.append(count / event_loop.run(_bare(address, count, _UNLIMITED.in_flight)))
    ratio = max(ours) / max(bare)
    return Result(
        name="http",
        what="messages a second over HTTP, fast provider",
        value=max(ours),
        limit=max(bare),
        ratio=ratio,
        must="≥ 0.70",
        after="≥ 0.85",
        met=ratio >= 0.70,
        notes=f"{count:,} messages, {_UNLIMITED.in_flight} under way; bare aiohttp on our event loop, uvloop: "
        f"{max(on_uvloop):,.0f}, of which ours are {max(ours) / max(on_uvloop):.2f}",
    )


def rate(quick: bool) -> Result:  # noqa: FBT001 -- every measure is asked so
    """At a limit of 1,000 a second and answers after 100 ms: how much of the rate is used, on how much CPU."""
    count = 10_000 if quick else 30_000
    limits = Limits(per_second=1000, burst_seconds=0.2, in_flight=300)
    with _provider("--delay", "0.1") as address, outbox(count) as url:
        sender = WhatsAppSender(url=address, phone_number_id="1", token="t")
        cpu, seconds = work(url, sender, limits)
        most = _ask(f"{address}/count")["most_in_a_second"]
    reached, cores = count / (seconds - 0.1), cpu / seconds
    return Result(
        name="rate",
        what="messages a second at a limit of 1,000 and 100 ms answers",
        value=reached,
        limit=1000.0,
        ratio=reached / 1000,
        must="≥ 0.97 on ≤ 0.5 core",
        after="≥ 0.99 on ≤ 0.3 core",
        met=reached >= 970 and cores <= 0.5 and most <= 1200,
        notes=f"{cores:.2f} cores; most in one second {most:,} (a burst of 200 is allowed)",
    )


def million(quick: bool) -> Result:  # noqa: FBT001 -- every measure is asked so
    """Memory of the sending process, from 10,000 to a million messages, and what a row costs on disk."""
    count = 100_000 if quick else 1_000_000
    small, _ = _in_a_process(10_000)
    large, bytes_a_row = _in_a_process(count)
    is_flat = large <= small * 1.15
    return Result(
        name="million",
        what=f"resident memory while sending {count:,}, MiB",
        value=large,
        limit=small,
        ratio=large / small,
        must="≤ 150 MiB, flat from 10,000; ≤ 250 B a row",
        after="≤ 80 MiB",
        met=large <= 150 and is_flat and bytes_a_row <= 250,
        notes=f"limit: with 10,000 messages; {bytes_a_row:.0f} B a row with its indexes and variables",
    )


def _in_a_process(count: int) -> tuple[float, float]:
    with outbox(count) as url:
        script = f"from bench.sending import measure_memory; measure_memory({url!r})"
        done = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True)
        size = sum(path.stat().st_size for path in Path(url.removeprefix("sqlite:///")).parent.glob("store.db*"))
    return float(done.stdout.splitlines()[-1]), size / count


def measure_memory(url: str) -> None:
    """Send what an outbox holds and print the most memory that took, in MiB.

    Not by ``getrusage``: a child's ``ru_maxrss`` begins with what its parent had, over ``exec`` too.
    """
    work(url, _Nobody(), _UNLIMITED)
    most = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    assert most is not None
    print(int(most[1]) / 1024)


def work(url: str, sender: Sender, limits: Limits) -> tuple[float, float]:
    """Send everything; returns CPU and wall seconds."""
    store = open_store(url)
    cpu, wall = time.process_time(), time.perf_counter()
    report = event_loop.run(
        run_worker(
            store,
            {sender.channel: sender},
            options=_OPTIONS,
            clock=utc_now,
            until_idle=True,
            limits=lambda _channel: limits,
        )
    )
    spent = time.process_time() - cpu, time.perf_counter() - wall
    assert set(report.counts) == {"accepted"}, report.counts
    store.dispose()
    return spent


async def _bare(address: str, count: int, in_flight: int) -> float:
    """Post the same number of requests of the same size with aiohttp alone; returns seconds."""
    variables = ("Malee", "Lotus Bay", "TH-1", "24 December 2026")
    message = Outgoing(
        message_id="0198c0de-0000-7000-8000-000000000000",
        address="+66810000000",
        language="en",
        campaign_id="renewal",
        text="",
        template_name="renewal_14",
        parameters=variables,
    )
    body = json.dumps(payload(message)).encode()
    left = iter(range(count))
    started = time.perf_counter()
    connector = aiohttp.TCPConnector(limit=300)
    headers = {"Authorization": "Bearer t", "Content-Type": "application/json"}
    async with aiohttp.ClientSession(connector=connector, headers=headers) as session:

        async def post() -> None:
            for _ in left:
                async with session.post(f"{address}/{API_VERSION}/1/messages", data=body) as answer:
                    await answer.read()

        await asyncio.gather(*(post() for _ in range(in_flight)))
    return time.perf_counter() - started


@contextmanager
def outbox(
    count: int, channel: str = "whatsapp", prepare: Callable[[sa.Engine], None] = lambda _store: None
) -> Iterator[str]:
    """Plan so many messages in a store of its own, prepared first, and give its URL."""
    with tempfile.TemporaryDirectory(prefix="bma-bench-") as folder:
        url = f"sqlite:///{folder}/store.db"
        store = open_store(url)
        prepare(store)
        plan(store, count, (channel,), utc_now())
        store.dispose()
        yield url


@contextmanager
def _provider(*options: str) -> Iterator[str]:
    command = [sys.executable, "-m", "bench.provider", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield str(json.loads(process.stdout.readline())["url"])
        finally:
            process.kill()


def _ask(url: str) -> Any:
    with urllib.request.urlopen(url, timeout=10) as answer:  # noqa: S310 -- loopback
        return json.loads(answer.read())
