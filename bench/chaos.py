"""The crash proof: worker, gateway and database connection killed again and again while providers misbehave.

Children are forked, so that a kill and a new start cost milliseconds. A dead worker's leases outlive it by their
length; each new worker's time is a little further ahead instead of waiting for them. Half of the kills fall at a random
moment, the others are aimed at an open transaction; restarts in good order are strewn in between.
"""

import random
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import sqlalchemy as sa

from bench import children, postgres
from bench.accounts import account, claimed
from bench.outbox_of import plan
from bench.windows import Marks, database_window, gateway_window, worker_window
from bench.working import ask, faulty_provider, query, send, senders_to, serve, settings_for
from cli.processes import free_port, wait_for
from core.clock import utc_now
from core.settings import Settings
from core.store.engine import connect_store, open_store
from core.store.tables import inbox, messages
from senders.limits import Limits

_CHANNELS = ("whatsapp", "line", "email")
_LEASES = 200.0  # seconds: longer than a message's lease and a lane's
_PER_KILL = 45  # messages; more than are sent between two kills
_LIMITS = Limits(per_second=150, in_flight=20)
_AIMS = {
    "worker": ("record", "claim", "after record"),
    "gateway": ("webhook", "after webhook"),
    "database": ("record", "claim", "webhook"),
}
_CUT = (
    "select pg_terminate_backend(pid) from pg_stat_activity "
    "where datname = current_database() and pid <> pg_backend_pid()"
)


class Turn(NamedTuple):
    """One kill, drawn before anything happens, so that the same seed draws the same."""

    seconds: float
    victim: str
    aim: str  # a kind of transaction to wait for, or for its end; or nothing
    restart: str  # what is restarted in good order first, or nothing


@dataclass
class Proof:
    """One run: what is killed, on which store, and what has been counted so far."""

    settings: Settings
    provider: dict[str, Any]
    gateway_port: int
    times: children.Time = field(default_factory=children.Time)
    worker_marks: Marks = field(default_factory=Marks)
    gateway_marks: Marks = field(default_factory=Marks)
    windows: Counter[str] = field(default_factory=Counter)
    caught: set[str] = field(default_factory=set)
    caught_in: Counter[str] = field(default_factory=Counter)
    left_by_restarts: int = 0
    worker: int = 0
    gateway: int = 0

    def start_worker(self, *, until_idle: bool = False) -> None:
        """Fork a sending process whose time is ahead of the one before."""
        self.times.ahead += _LEASES
        self.worker_marks.clear()
        senders, observe = (self.provider, _CHANNELS), self.worker_marks.observe

        def work() -> None:
            self.times.run(
                children.until_terminated(
                    lambda stop: send(
                        self.settings,
                        senders_to(*senders),
                        self.times,
                        _LIMITS,
                        stop,
                        until_idle=until_idle,
                        observe=observe,
                    )
                )
            )

        self.worker = children.fork(work)

    def start_gateway(self) -> None:
        """Fork a gateway and wait until it answers."""
        self.gateway_marks.clear()
        observe = self.gateway_marks.observe
        self.gateway = children.fork(lambda: serve(self.settings, "127.0.0.1", self.gateway_port, observe))
        wait_for(f"http://127.0.0.1:{self.gateway_port}/healthz")

    def kill_worker(self, aim: str) -> None:
        """Kill it, name the window, start another."""
        self.wait_for(aim)
        children.kill(self.worker)
        seen = ask(f"{self.provider['url']}/recent")["seen"]
        caught = claimed(self.settings)
        self.caught |= caught.keys()
        self.windows[worker_window(self.worker_marks, caught.keys(), seen)] += 1
        self.caught_in.update(seen.get(key, "not sent") for key in caught)
        self.start_worker()

    def kill_gateway(self, aim: str) -> None:
        """Kill it, name the window, start another."""
        self.wait_for(aim)
        at = time.time()
        children.kill(self.gateway)
        time.sleep(0.02)  # until the provider has noticed
        interrupted = ask(f"{self.provider['url']}/recent?{at}")["interrupted"]
        stored = {
            row[0]
            for row in query(self.settings, sa.select(inbox.c.dedup_key).order_by(inbox.c.inbox_id.desc()).limit(500))
        }
        self.windows[gateway_window(self.gateway_marks, interrupted, stored)] += 1
        self.start_gateway()

    def cut_connections(self, aim: str) -> None:
        """End every connection of a PostgreSQL; keep a SQLite locked for a moment."""
        engine = connect_store(self.settings.effective_store_url)
        if engine.dialect.name == "postgresql":
            with engine.begin() as connection:
                connection.exec_driver_sql("select 1")  # connected before the moment comes
                self.wait_for(aim)
                self.windows[database_window(self.worker_marks, self.gateway_marks)] += 1
                connection.exec_driver_sql(_CUT)
        else:
            self.wait_for(aim)
            self.windows[database_window(self.worker_marks, self.gateway_marks)] += 1
            with engine.begin():  # "begin immediate" keeps writers out
                time.sleep(0.3)
        engine.dispose()
        self.caught |= claimed(self.settings).keys()  # a claim may be committed and its answer cut off

    def wait_for(self, aim: str) -> None:
        """Wait until such a transaction is open, or has ended; half a second at most, then any moment is as good."""
        name = aim.removeprefix("after ")
        marks = self.gateway_marks if name == "webhook" else self.worker_marks
        deadline = time.monotonic() + 0.5
        for wanted in (True, False)[: len(aim.split())]:
            while marks.is_open(name) != wanted and time.monotonic() < deadline:
                time.sleep(0.0002)

    def restart(self, what: str) -> None:
        """Stop it in good order, as a deployment does, and start another. It must leave nothing claimed."""
        if what == "worker":
            children.stop(self.worker)
            self.left_by_restarts += len(claimed(self.settings).keys() - self.caught)
            self.start_worker()
        else:
            children.stop(self.gateway)
            self.start_gateway()
        self.windows[f"restart: {what}"] += 1


def run_chaos(*, kills: int, store: str, seed: int = 1, say: Callable[[str], None] = print) -> dict[str, Any]:
    """Kill ``kills`` times on ``store`` (``sqlite`` or ``postgresql``) and return what is left; see contract.md."""
    with ExitStack() as stack:
        data_dir = Path(tempfile.mkdtemp(prefix="bma-chaos-"))
        stack.callback(shutil.rmtree, data_dir, ignore_errors=True)
        url = ""
        if store == "postgresql":
            url = postgres.new_database(stack.enter_context(postgres.server()), "chaos")
        port = free_port()
        settings = settings_for(data_dir, url, f"http://127.0.0.1:{port}")
        count = kills * _PER_KILL
        engine = open_store(settings.effective_store_url)
        plan(engine, count, _CHANNELS, utc_now(), people=count // 3)
        engine.dispose()
        provider = stack.enter_context(faulty_provider("--seed", str(seed), "--gateway", settings.public_url))
        proof = Proof(settings, provider, port)
        turns = list(_turns(kills, random.Random(seed)))
        _kill_again_and_again(proof, turns, say)
        _finish(proof, say)
        return {
            "kills": kills,
            "restarts": sum(bool(turn.restart) for turn in turns),
            **account(settings, str(provider["url"]), caught=proof.caught),
            "left_claimed_by_restarts": proof.left_by_restarts,
            "caught": dict(sorted(proof.caught_in.items())),
            "windows": dict(sorted(proof.windows.items())),
        }


def _turns(kills: int, rng: random.Random) -> list[Turn]:
    turns = []
    for _ in range(kills):
        victim = rng.choices(("worker", "gateway", "database"), (70, 18, 12))[0]
        aim = rng.choice(_AIMS[victim]) if rng.random() < 0.5 else ""
        restart = rng.choices(("", "worker", "gateway"), (90, 6, 4))[0]
        turns.append(Turn(rng.uniform(0.05, 0.4), victim, aim, restart))
    return turns


def _kill_again_and_again(proof: Proof, turns: list[Turn], say: Callable[[str], None]) -> None:
    proof.start_gateway()
    proof.start_worker()
    kill = {"worker": proof.kill_worker, "gateway": proof.kill_gateway, "database": proof.cut_connections}
    for number, turn in enumerate(turns, 1):
        time.sleep(turn.seconds)
        if turn.restart:
            proof.restart(turn.restart)
            time.sleep(turn.seconds)
        kill[turn.victim](turn.aim)
        if number % 50 == 0:
            say(f"{number} of {len(turns)} kills")
    children.kill(proof.worker)
    proof.caught |= claimed(proof.settings).keys()
    children.kill(proof.gateway)


def _finish(proof: Proof, say: Callable[[str], None]) -> None:
    """Let the provider behave, and everything that can still be settled be settled."""
    provider = proof.provider["url"]
    ask(f"{provider}/behave")
    proof.start_gateway()
    open_ones = sa.select(sa.func.count()).where(messages.c.status.in_(("planned", "claimed")))
    for _ in range(12):
        proof.start_worker(until_idle=True)
        children.join(proof.worker)
        left = query(proof.settings, open_ones)[0][0]
        waiting = ask(f"{provider}/behave")["waiting"]
        say(f"{left} messages and {waiting} webhooks left")
        if left == waiting == 0:
            break
        time.sleep(0.5)
    proof.start_worker(until_idle=True)
    children.join(proof.worker)
    time.sleep(1.0)
    children.kill(proof.gateway)
