"""The stage of a fault: a store with messages, one worker, one gateway and a provider that makes no mistakes itself."""

import shutil
import socket
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from bench import children
from bench.accounts import account, claimed
from bench.outbox_of import plan
from bench.working import Begun, ask, faulty_provider, query, refused, send, senders_to, serve, settings_for, wait_until
from cli.processes import free_port, wait_for
from core.settings import Settings
from core.store.engine import open_store
from core.store.tables import lanes, messages
from core.vocabulary import Channel
from senders.contract import Sender
from senders.limits import Limits


@dataclass
class Scene:
    """What runs, and what can be asked of it."""

    settings: Settings
    limits: Limits
    folder: Path
    gateway_port: int
    provider_port: int
    unheard: socket.socket  # keeps that port while no provider listens there: nobody else's server may answer
    times: children.Time
    stack: ExitStack
    worker: int = 0
    caught: set[str] = field(default_factory=set)

    @property
    def provider(self) -> str:
        """Where the provider is, or will be."""
        return f"http://127.0.0.1:{self.provider_port}"

    def start_worker(self) -> None:
        """Start the product's worker, its requests counted."""

        def work() -> None:
            self.unheard.close()
            to = senders_to({"url": self.provider, "smtp_port": 0}, ("whatsapp",))
            counted: dict[Channel, Sender] = {
                name: Begun(each, self.folder / "begun", self.times) for name, each in to.items()
            }
            running = children.until_terminated(
                lambda stop: send(self.settings, counted, self.times, self.limits, stop)
            )
            self.times.run(running)

        self.worker = children.fork(work, self.folder / "worker.log")

    def kill_worker(self) -> None:
        """Kill the worker, and keep in mind what it had claimed."""
        children.kill(self.worker)
        self.caught |= claimed(self.settings).keys()

    def start_gateway(self) -> None:
        """Start the product's gateway and wait until it answers."""

        def work() -> None:
            self.unheard.close()
            serve(self.settings, "127.0.0.1", self.gateway_port)

        pid = children.fork(work, self.folder / "gateway.log")
        self.stack.callback(children.kill, pid)
        wait_for(f"http://127.0.0.1:{self.gateway_port}/healthz")

    def provider_up(self) -> None:
        """Start the provider."""
        self.unheard.close()
        words = ("--behaves", "--port", str(self.provider_port), "--gateway", self.settings.public_url)
        self.stack.enter_context(faulty_provider(*words))

    def taken(self) -> int:
        """Return how many messages the provider got."""
        return sum(ask(f"{self.provider}/count").values())

    def begun(self) -> int:
        """Return how many requests the worker began, those that found no connection among them."""
        files = (self.folder / "begun", refused(self.folder / "begun"))
        return sum(len(file.read_text().split()) for file in files if file.exists())

    def log(self, name: str) -> str:
        """Return what ``worker`` or ``gateway`` said so far."""
        return (self.folder / f"{name}.log").read_text()

    def rows(self, statement: sa.Select[Any]) -> list[Any]:
        """Ask the store."""
        return query(self.settings, statement)

    def wait_until(self, condition: Callable[[], bool], seconds: float, what: str) -> None:
        """Wait until something is so. Raises TimeoutError, with what the stage looks like, when it is not in time."""
        try:
            wait_until(condition, seconds, what)
        except TimeoutError as error:
            states = self.rows(sa.select(messages.c.status, sa.func.count()).group_by(messages.c.status))
            paused = self.rows(sa.select(lanes.c.paused_until, lanes.c.pause_reason, lanes.c.failures))
            last_words = self.log("worker")[-2000:]
            raise TimeoutError(
                f"{error}; messages: {states}; lane paused until, reason, failures: {paused}; now: {self.times.now()}; "
                f"requests begun: {self.begun()}; the worker's last words: {last_words}"
            ) from error

    def ends(self, said: dict[str, Any]) -> dict[str, Any]:
        """Wait until everything is sent and told, without a helping hand, and give the account."""
        began = time.monotonic()
        left = sa.select(sa.func.count()).where(messages.c.status.in_(("planned", "claimed")))
        self.wait_until(lambda: self.rows(left)[0][0] == 0, 90, "sending goes on by itself")
        resumed = round(time.monotonic() - began, 1)
        self.wait_until(lambda: ask(f"{self.provider}/behave")["waiting"] == 0, 90, "every webhook is answered")
        return {
            **said,
            "seconds_to_the_end": resumed,
            **account(self.settings, self.provider, caught=self.caught),
        }


@contextmanager
def scene(
    store_url: str,
    limits: Limits,
    *,
    count: int,
    people: int = 10**7,
    speed: float = 1.0,
    is_provider_up: bool = True,
) -> Iterator[Scene]:
    """Set the stage: messages planned, gateway and worker running."""
    with ExitStack() as stack:
        folder = Path(tempfile.mkdtemp(prefix="bma-fault-"))
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        unheard = stack.enter_context(socket.socket())
        unheard.bind(("127.0.0.1", 0))
        gateway_port, provider_port = free_port(), int(unheard.getsockname()[1])
        settings = settings_for(folder, store_url, f"http://127.0.0.1:{gateway_port}")
        times = children.Time(speed=speed)
        stage = Scene(settings, limits, folder, gateway_port, provider_port, unheard, times, stack)
        (folder / "begun").touch()
        engine = open_store(store_url)
        plan(engine, count, ("whatsapp",), times.now(), people=people)
        engine.dispose()
        stage.start_gateway()
        if is_provider_up:
            stage.provider_up()
        stage.start_worker()
        stack.callback(lambda: children.kill(stage.worker))
        yield stage
