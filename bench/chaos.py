"""The crash proof: worker, gateway and database connection killed again and again while a provider misbehaves.

Children are forked, so that a kill and a new start cost milliseconds. A dead worker's leases outlive it by their
length; each new worker's clock stands a little further ahead instead of waiting for them.
"""

import asyncio
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa
import uvicorn
from pydantic import SecretStr

from bench import postgres
from bench.outbox_of import plan
from cli.processes import free_port, wait_for
from core.clock import utc_now
from core.settings import Settings
from core.store.engine import connect_store, open_store
from core.store.tables import inbox, messages
from core.vocabulary import Channel
from gateway.app import create_app
from senders.limits import Limits
from senders.line.send import LineSender, retry_key
from senders.whatsapp.send import WhatsAppSender
from senders.worker import WorkerOptions, run_worker

_CHANNELS = ("whatsapp", "line")
_LEASES = timedelta(seconds=200)  # longer than a message's lease and a lane's
_PER_KILL = 45  # messages; more than are sent between two kills
_ON_THE_WIRE = 0.1  # seconds a request may have been under way when an opt-out was answered
_LIMITS = Limits(per_second=400, in_flight=40)


@dataclass
class Proof:
    """One run: what is killed, on which store, and what has been counted so far."""

    settings: Settings
    provider: str
    gateway_port: int
    rng: random.Random
    windows: Counter[str] = field(default_factory=Counter)
    workers: int = 0

    def start_worker(self, *, until_idle: bool = False) -> int:
        """Fork a sending process whose clock is ahead of the one before."""
        self.workers += 1
        ahead = self.workers * _LEASES
        return _fork(lambda: asyncio.run(_send(self.settings, self.provider, ahead, until_idle=until_idle)))

    def start_gateway(self) -> int:
        """Fork a gateway and wait until it answers."""
        pid = _fork(lambda: uvicorn.run(create_app(self.settings), port=self.gateway_port, log_level="critical"))
        wait_for(f"http://127.0.0.1:{self.gateway_port}/healthz")
        return pid

    def window(self) -> str:
        """Say in which window a worker was killed, by what it had claimed and what the provider has taken."""
        claimed = _query(
            self.settings, sa.select(messages.c.message_id, messages.c.channel).where(messages.c.status == "claimed")
        )
        if not claimed:
            return "worker: nothing claimed"
        taken = set(_get(f"{self.provider}/recent"))
        is_sent = any(_key(channel, message_id) in taken for message_id, channel in claimed)
        return "worker: sent, not recorded" if is_sent else "worker: claimed, not sent"


def run_chaos(*, kills: int, store: str, seed: int = 1, say: Callable[[str], None] = print) -> dict[str, Any]:
    """Kill ``kills`` times on ``store`` (``sqlite`` or ``postgresql``) and return what is left; see contract.md."""
    with ExitStack() as stack:
        data_dir = Path(tempfile.mkdtemp(prefix="bma-chaos-"))
        stack.callback(shutil.rmtree, data_dir, ignore_errors=True)
        url = ""
        if store == "postgresql":
            url = postgres.new_database(stack.enter_context(postgres.server()), "chaos")
        port = free_port()
        settings = Settings(
            _env_file=None,
            data_dir=data_dir,
            store_url=url,
            whatsapp_app_secret=SecretStr("appsecret"),
            link_secret=SecretStr("linksecret"),
            public_url=f"http://127.0.0.1:{port}",
        )
        count = kills * _PER_KILL
        engine = open_store(settings.effective_store_url)
        plan(engine, count, _CHANNELS, utc_now(), people=count // 3)
        engine.dispose()
        provider = subprocess.Popen(
            [sys.executable, "-m", "bench.faulty", "--seed", str(seed), "--gateway", settings.public_url],
            stdout=subprocess.PIPE,
            text=True,
        )
        stack.callback(provider.kill)
        assert provider.stdout is not None
        address = json.loads(provider.stdout.readline())["url"]
        proof = Proof(settings, address, port, random.Random(seed))
        _kill_again_and_again(proof, kills, say)
        _finish(proof, say)
        return _verdict(proof, kills, count)


def _kill_again_and_again(proof: Proof, kills: int, say: Callable[[str], None]) -> None:
    gateway, worker = proof.start_gateway(), proof.start_worker()
    for number in range(1, kills + 1):
        time.sleep(proof.rng.uniform(0.05, 0.4))
        what = proof.rng.choices(("worker", "gateway", "database"), (75, 17, 8))[0]
        if what == "worker":
            _kill(worker)
            proof.windows[proof.window()] += 1
            worker = proof.start_worker()
        elif what == "gateway":
            _kill(gateway)
            proof.windows["gateway"] += 1
            gateway = proof.start_gateway()
        else:
            _cut_connections(proof.settings)
            proof.windows["database connection"] += 1
        if number % 50 == 0:
            say(f"{number} of {kills} kills")
    _kill(worker)
    _kill(gateway)


def _finish(proof: Proof, say: Callable[[str], None]) -> None:
    """Let the provider behave, and everything that can still be settled be settled."""
    _get(f"{proof.provider}/behave")
    gateway = proof.start_gateway()
    for _ in range(12):
        _join(proof.start_worker(until_idle=True))
        left = _query(proof.settings, sa.select(sa.func.count()).where(messages.c.status.in_(("planned", "claimed"))))
        waiting = _get(f"{proof.provider}/behave")["waiting"]
        say(f"{left[0][0]} messages and {waiting} webhooks left")
        if left[0][0] == waiting == 0:
            break
        time.sleep(0.5)
    _join(proof.start_worker(until_idle=True))
    time.sleep(1.0)
    _kill(gateway)


def _verdict(proof: Proof, kills: int, count: int) -> dict[str, Any]:
    said = _get(f"{proof.provider}/taken")
    taken: dict[str, dict[str, Any]] = said["taken"]
    rows = _query(proof.settings, sa.select(messages.c.message_id, messages.c.channel, messages.c.status))
    by_status: dict[str, set[str]] = {}
    for message_id, channel, status in rows:
        by_status.setdefault(status, set()).add(_key(channel, message_id))
    received = {row[0] for row in _query(proof.settings, sa.select(inbox.c.dedup_key))}
    doubted = by_status.get("in_doubt", set())
    over = ("accepted", "sent", "delivered", "read")
    accepted = set().union(*(by_status.get(status, set()) for status in over))
    ended = accepted | doubted | by_status.get("suppressed", set()) | by_status.get("failed", set())
    late = [
        key
        for key, each in taken.items()
        if each["address"] and each["at"] > said["stopped"].get(each["address"], float("inf")) + _ON_THE_WIRE
    ]
    return {
        "kills": kills,
        "messages": count,
        "duplicates": sum(each["count"] - 1 for each in taken.values()),
        "lost": (count - len(ended)) + len(accepted - taken.keys()) + len(taken.keys() - accepted - doubted),
        "in_doubt": len(doubted),
        "in_doubt_but_knowable": len(doubted & taken.keys()),
        "suppressed_sent": len(late),
        "acknowledged_missing": len(set(said["answered"]) - received),
        "opted_out": len(said["stopped"]),
        "by_status": {status: len(keys) for status, keys in sorted(by_status.items())},
        "windows": dict(sorted(proof.windows.items())),
    }


async def _send(settings: Settings, provider: str, ahead: timedelta, *, until_idle: bool) -> None:
    def clock() -> datetime:
        return utc_now() + ahead

    await run_worker(
        connect_store(settings.effective_store_url),
        {
            Channel.WHATSAPP: WhatsAppSender(url=provider, phone_number_id="1", token="t"),
            Channel.LINE: LineSender(url=provider, token="t"),
        },
        options=WorkerOptions(public_url=settings.public_url, link_secret="linksecret"),
        clock=clock,
        until_idle=until_idle,
        limits=lambda _channel: _LIMITS,
    )


def _fork(work: Callable[[], None]) -> int:
    pid = os.fork()
    if pid:
        return pid
    quiet = os.open(os.devnull, os.O_WRONLY)
    os.dup2(quiet, 1)
    os.dup2(quiet, 2)
    try:
        work()
    finally:
        os._exit(0)


def _kill(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)
    _join(pid)


def _join(pid: int) -> None:
    os.waitpid(pid, 0)


def _cut_connections(settings: Settings) -> None:
    """End every connection of a PostgreSQL; keep a SQLite locked for a moment."""
    engine = connect_store(settings.effective_store_url)
    with engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            connection.exec_driver_sql(
                "select pg_terminate_backend(pid) from pg_stat_activity "
                "where datname = current_database() and pid <> pg_backend_pid()"
            )
        else:
            time.sleep(0.3)  # "begin immediate" keeps writers out
    engine.dispose()


def _query(settings: Settings, statement: sa.Select[Any]) -> list[Any]:
    engine = connect_store(settings.effective_store_url)
    with engine.connect() as connection:
        rows = list(connection.execute(statement))
    engine.dispose()
    return rows


def _key(channel: str, message_id: str) -> str:
    return retry_key(message_id) if channel == "line" else message_id


def _get(url: str) -> Any:
    with urllib.request.urlopen(url, timeout=30) as answer:  # noqa: S310 -- loopback
        return json.loads(answer.read())
