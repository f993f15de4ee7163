"""The worker: owns the lanes it gets a lease on and sends until there is nothing to send, or for ever."""

import asyncio
import gc
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from core.ids import random_id
from core.store import outbox
from core.vocabulary import Channel
from senders.compose import Links
from senders.contract import Sender
from senders.lane import Lane, LaneOptions
from senders.limits import Limits, read_limits
from senders.prepare import Preparer


@dataclass(frozen=True, kw_only=True)
class WorkerOptions:
    """What messages need besides their words: our public address and the secret that signs links."""

    public_url: str
    link_secret: str


@dataclass(frozen=True)
class WorkReport:
    """Messages by status after the work, answers recorded, and seconds."""

    counts: dict[str, int]
    recorded: int
    seconds: float


async def run_worker(
    engine: sa.Engine,
    senders: Mapping[Channel, Sender],
    *,
    options: WorkerOptions,
    clock: Callable[[], datetime],
    until_idle: bool,
    stop: asyncio.Event | None = None,
    limits: Callable[[str], Limits] = read_limits,
) -> WorkReport:
    """Send what is planned and due. With ``until_idle`` it returns when nothing may go out now, else on ``stop``."""
    started = time.perf_counter()
    worker = random_id()
    preparer = Preparer(Links(public_url=options.public_url, secret=options.link_secret))
    open_lanes = [
        Lane(
            engine,
            sender,
            preparer,
            LaneOptions(limits=limits(channel), worker=worker, clock=clock, until_idle=until_idle),
        )
        for channel, sender in senders.items()
    ]
    try:
        with _rare_collections():
            await asyncio.gather(*(lane.run(stop or asyncio.Event()) for lane in open_lanes))
    finally:
        await asyncio.gather(*(sender.close() for sender in senders.values()))
    with engine.connect() as connection:
        counts = outbox.counts(connection)
    return WorkReport(counts, sum(lane.recorded for lane in open_lanes), round(time.perf_counter() - started, 3))


@contextmanager
def _rare_collections() -> Iterator[None]:
    """Look for garbage less often: by the defaults it is done every few messages and takes a twelfth of the time."""
    usual = gc.get_threshold()
    gc.freeze()  # what is loaded by now stays
    gc.set_threshold(20_000, 20, 20)
    try:
        yield
    finally:
        gc.set_threshold(*usual)
        gc.unfreeze()
