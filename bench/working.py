"""What proofs have their children do: the product's worker and gateway, on a store, towards a stand-in provider."""

import asyncio
import json
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from pydantic import SecretStr

from bench.children import Time
from core.settings import Settings
from core.store.engine import connect_store
from core.vocabulary import Channel
from gateway import serving
from gateway.app import create_app
from senders.contract import WITHHELD, Answer, MayGo, NotSent, Outgoing, Sender, always
from senders.email.message import Identity
from senders.email.send import EmailSender
from senders.limits import Limits
from senders.line.send import LineSender
from senders.whatsapp.send import WhatsAppSender
from senders.worker import WorkerOptions, run_worker

_SECRET = "linksecret"  # noqa: S105 -- made up
_ROOT = Path(__file__).parent.parent


def settings_for(data_dir: Path, store_url: str, public_url: str, *, line_secret: str = "") -> Settings:
    """The settings of a proof's processes."""
    return Settings(
        _env_file=None,
        data_dir=data_dir,
        store_url=store_url,
        whatsapp_app_secret=SecretStr("appsecret"),
        line_channel_secret=SecretStr(line_secret),
        link_secret=SecretStr(_SECRET),
        public_url=public_url,
    )


def senders_to(provider: Mapping[str, Any], channels: tuple[str, ...]) -> dict[Channel, Sender]:
    """Return the product's senders, pointed at a stand-in provider by its ``url`` and ``smtp_port``."""
    url = str(provider["url"])
    made: dict[str, Callable[[], Sender]] = {
        "whatsapp": lambda: WhatsAppSender(url=url, phone_number_id="1", token="t"),
        "line": lambda: LineSender(url=url, token="t"),
        "email": lambda: EmailSender(
            host=url.rpartition("//")[2].partition(":")[0],
            port=int(provider["smtp_port"]),
            username="",
            password="",
            identity=Identity(sender="Us <us@us.example>", bounce_domain="b.us.example", link_secret=_SECRET),
        ),
    }
    return {Channel(channel): made[channel]() for channel in channels}


class Begun:
    """A sender that writes down when it begins a request."""

    def __init__(self, sender: Sender, file: Path, times: Time) -> None:
        self.sender, self.file, self.times = sender, file, times
        self.channel, self.knows_repeats = sender.channel, sender.knows_repeats

    async def send(self, message: Outgoing, may_go: MayGo = always) -> Answer:
        """Send, and note the moment of the write, if there is one; that nobody was there is noted beside it."""

        def asked() -> bool:
            is_allowed = may_go()
            if is_allowed:
                _note(self.file)
            return is_allowed

        with self.times.stands():
            answer = await self.sender.send(message, asked)
        if isinstance(answer, NotSent) and answer is not WITHHELD:
            _note(refused(self.file))
        return answer

    async def close(self) -> None:
        """Close what sends."""
        await self.sender.close()


def refused(file: Path) -> Path:
    """Return the file that has a line for each request that found no connection."""
    return file.with_name(f"{file.name}-refused")


def _note(file: Path) -> None:
    with file.open("a") as opened:
        opened.write(f"{time.time()}\n")


async def send(
    settings: Settings,
    senders: Mapping[Channel, Sender],
    times: Time,
    limits: Limits,
    stop: asyncio.Event,
    *,
    until_idle: bool = False,
    observe: Callable[[sa.Engine], None] | None = None,
) -> None:
    """Be a worker until told to stop, or until idle."""
    engine = connect_store(settings.effective_store_url)
    if observe is not None:
        observe(engine)
    await run_worker(
        engine,
        senders,
        options=WorkerOptions(public_url=settings.public_url, link_secret=_SECRET),
        clock=times.now,
        until_idle=until_idle,
        stop=stop,
        limits=lambda _channel: limits,
    )


def serve(settings: Settings, host: str, port: int, observe: Callable[[sa.Engine], None] | None = None) -> None:
    """Be a gateway until told to stop, which writes by a thread: the proof rules its time, and watches it write."""
    engine = connect_store(settings.effective_store_url)
    if observe is not None:
        observe(engine)
    serving.run(lambda: create_app(settings, engine=engine), host=host, port=port)


def serve_apart(settings: Settings, host: str, port: int) -> None:
    """Be a gateway as ``bma gateway`` is, with its writing process, until told to stop."""
    serving.run(lambda: create_app(settings, writes_apart=True), host=host, port=port)


@contextmanager
def faulty_provider(*arguments: str) -> Iterator[dict[str, Any]]:
    """Run the misbehaving provider and give its ``url`` and ``smtp_port``."""
    command = [sys.executable, "-m", "bench.faulty", *arguments]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=_ROOT)
    try:
        assert process.stdout is not None
        yield dict(json.loads(process.stdout.readline()))
    finally:
        process.kill()
        process.wait()


def ask(url: str) -> Any:
    """Ask the provider something."""
    with urllib.request.urlopen(url, timeout=30) as answer:  # noqa: S310 -- loopback, or a namespace of ours
        return json.loads(answer.read())


def query(settings: Settings, statement: sa.Executable) -> list[Any]:
    """Return the rows of a question to the store."""
    engine = connect_store(settings.effective_store_url)
    with engine.connect().execution_options(read_only=True) as connection:
        rows = list(connection.execute(statement))
    engine.dispose()
    return rows


def wait_until(condition: Callable[[], bool], seconds: float, what: str) -> None:
    """Wait until something is so. Raises TimeoutError, naming ``what``, when it is not in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"not within {seconds:.0f} s: {what}")
        time.sleep(0.05)
