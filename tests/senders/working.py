"""A worker at work for a test: a real store, a real peer, and something that happens meanwhile."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from core.clock import utc_now
from core.store import suppressions
from core.store.tables import messages
from core.vocabulary import Channel
from senders import event_loop
from senders.limits import Limits
from senders.whatsapp.send import WhatsAppSender
from senders.worker import WorkerOptions, WorkReport, run_worker
from tests.senders.peers import HttpPeer, http

GOOD = http(200, '{"messages":[{"id":"wamid.1","message_status":"accepted"}]}')
OPTIONS = WorkerOptions(public_url="http://127.0.0.1:8000", link_secret="linksecret")
FAST = Limits(per_second=500, in_flight=20)


def work(
    store: sa.Engine,
    behaviour: Any,
    *,
    limits: Limits = FAST,
    clock: Callable[[], datetime] = utc_now,
    beside: Callable[[HttpPeer, asyncio.Event], Any] | None = None,
) -> tuple[WorkReport, HttpPeer]:
    """Send what is due to a provider that behaves so; with ``beside`` until that sets the event."""

    async def run() -> tuple[WorkReport, HttpPeer]:
        async with HttpPeer(behaviour) as peer:
            stop = asyncio.Event()
            sender = WhatsAppSender(url=f"http://127.0.0.1:{peer.port}", phone_number_id="1", token="t")
            running = asyncio.create_task(
                run_worker(
                    store,
                    {Channel.WHATSAPP: sender},
                    options=OPTIONS,
                    clock=clock,
                    until_idle=beside is None,
                    stop=stop,
                    limits=lambda _channel: limits,
                )
            )
            if beside is not None:
                await beside(peer, stop)
            return await asyncio.wait_for(running, 30), peer

    return event_loop.run(run())


def statuses(store: sa.Engine) -> Counter[str]:
    with store.connect() as connection:
        return Counter(connection.execute(sa.select(messages.c.status)).scalars())


def opt_out(connection: sa.Connection, contact_id: str) -> None:
    who = {"channel": "whatsapp", "address": None, "contact_id": contact_id}
    suppressions.add(connection, **who, reason="unsubscribed", source="one_click", now=utc_now())


async def until(condition: Callable[[], bool], seconds: float = 10.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        await asyncio.sleep(0.01)
