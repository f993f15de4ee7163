"""The worker: owns the lanes it gets a lease on and turns them until there is nothing to send, or for ever."""

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from core.ids import random_id
from core.store import ledger
from core.store.inbox import insert_ignore
from core.store.tables import lanes
from core.vocabulary import Channel
from senders.compose import Links
from senders.contract import Sender
from senders.lane import Lane

_LANE_LEASE = timedelta(seconds=60)
_IDLE_SECONDS = 0.5


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
) -> WorkReport:
    """Send what is planned and due. With ``until_idle`` it returns when nothing may go out now, else on ``stop``."""
    started = time.perf_counter()
    worker = random_id()
    links = Links(public_url=options.public_url, secret=options.link_secret)
    open_lanes = [Lane(engine, sender, links, worker, clock) for sender in senders.values()]
    stop = stop or asyncio.Event()
    try:
        await asyncio.gather(*(_drive(engine, lane, worker, clock, stop, until_idle=until_idle) for lane in open_lanes))
    finally:
        await asyncio.gather(*(sender.close() for sender in senders.values()))
        with engine.begin() as connection:
            connection.execute(sa.delete(lanes).where(lanes.c.owner == worker))
    with engine.connect() as connection:
        counts = ledger.counts(connection)
    return WorkReport(counts, sum(lane.recorded for lane in open_lanes), round(time.perf_counter() - started, 3))


async def _drive(
    engine: sa.Engine, lane: Lane, worker: str, clock: Callable[[], datetime], stop: asyncio.Event, *, until_idle: bool
) -> None:
    has_looked_back = False
    while not stop.is_set():
        if not own_lane(engine, lane.channel, worker, clock()):
            if until_idle:
                return  # another worker sends for this account
            await _pause(stop)
            continue
        if not has_looked_back:
            with engine.begin() as connection:
                ledger.doubt_expired(connection, clock())
                ledger.expire_planned(connection, clock())
            await lane.resolve_doubts()
            has_looked_back = True
        if await lane.turn() == 0:
            has_looked_back = False
            if until_idle:
                return
            await _pause(stop)


async def _pause(stop: asyncio.Event) -> None:
    try:
        await asyncio.wait_for(stop.wait(), timeout=_IDLE_SECONDS)
    except TimeoutError:
        return


def own_lane(engine: sa.Engine, channel: Channel, worker: str, now: datetime) -> bool:
    """Take or renew the lease on a channel's lane; False while another worker has it."""
    with engine.begin() as connection:
        taken = connection.execute(
            sa.update(lanes)
            .where(lanes.c.channel == channel, sa.or_(lanes.c.owner == worker, lanes.c.lease_until < now))
            .values(
                owner=worker,
                lease_until=now + _LANE_LEASE,
                epoch=sa.case((lanes.c.owner == worker, lanes.c.epoch), else_=lanes.c.epoch + 1),
            )
        ).rowcount
        if taken:
            return True
        return bool(
            connection.execute(
                insert_ignore(connection, lanes)
                .values(channel=channel, owner=worker, epoch=1, lease_until=now + _LANE_LEASE)
                .returning(lanes.c.owner)
            ).first()
        )
