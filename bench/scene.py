"""The stage of a fault: a store with messages, one worker, one gateway and a provider that makes no mistakes itself."""

import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from bench import children
from bench.accounts import account, claimed
from bench.outbox_of import plan
from bench.working import Begun, ask, faulty_provider, query, send, senders_to, serve, settings_for, wait_until
from cli.processes import free_port, wait_for
from core.settings import Settings
from core.store.engine import open_store
from core.store.tables import messages
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
        log = self.folder / "gateway.log"
        pid = children.fork(lambda: serve(self.settings, "127.0.0.1", self.gateway_port), log)
        self.stack.callback(children.kill, pid)
        wait_for(f"http://127.0.0.1:{self.gateway_port}/healthz")

    def provider_up(self) -> None:
        """Start the provider."""
        words = ("--behaves", "--port", str(self.provider_port), "--gateway", self.settings.public_url)
        self.stack.enter_context(faulty_provider(*words))

    def taken(self) -> int:
        """Return how many messages the provider got."""
        return sum(ask(f"{self.provider}/count").values())

    def begun(self) -> int:
        """Return how many requests the worker began."""
        return len((self.folder / "begun").read_text().split())

    def log(self, name: str) -> str:
        """Return what ``worker`` or ``gateway`` said so far."""
        return (self.folder / f"{name}.log").read_text()

    def rows(self, statement: sa.Select[Any]) -> list[Any]:
        """Ask the store."""
        return query(self.settings, statement)

    def ends(self, said: dict[str, Any]) -> dict[str, Any]:
        """Wait until everything is sent and told, without a helping hand, and give the account."""
        began = time.monotonic()
        left = sa.select(sa.func.count()).where(messages.c.status.in_(("planned", "claimed")))
        wait_until(lambda: self.rows(left)[0][0] == 0, 90, "sending goes on by itself")
        resumed = round(time.monotonic() - began, 1)
        wait_until(lambda: ask(f"{self.provider}/behave")["waiting"] == 0, 90, "every webhook is answered")
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
        gateway_port, provider_port = free_port(), free_port()
        settings = settings_for(folder, store_url, f"http://127.0.0.1:{gateway_port}")
        times = children.Time(speed=speed)
        stage = Scene(settings, limits, folder, gateway_port, provider_port, times, stack)
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
