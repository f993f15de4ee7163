"""How fast email goes out: the whole engine and the sender alone, against Postfix's own generator, to the same sink."""

import asyncio
import os
import resource
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa

from bench.report import Result
from bench.sending import outbox, work
from campaigns import templates
from campaigns.playbooks import read_playbook
from core.clock import utc_now
from core.store.templates import save_template
from core.vocabulary import Channel
from senders import event_loop
from senders.contract import Accepted, MayGo, Outgoing, always
from senders.email.message import Identity, Mail
from senders.email.send import EmailSender
from senders.limits import Limits

_CONNECTIONS = 8
# One message on its way, one whose envelope went ahead, and one that waits for each connection.
_UNLIMITED = Limits(per_second=1_000_000, burst_seconds=60, in_flight=3 * _CONNECTIONS)
_IDENTITY = Identity(
    sender="BMAsia <hello@bmasia.example>", bounce_domain="bounce.bmasia.example", link_secret="linksecret"
)
_TEMPLATE = "renewal_14"  # of the messages that outbox_of plans
_LETTERS = (_TEMPLATE, "renewal_7", "renewal_2", _TEMPLATE)  # as many as make 7 kB in eight bits
_WAIT_SECONDS = 10.0


class _Keeper:
    """A sender without a wire that keeps what it was given."""

    channel = Channel.EMAIL
    knows_repeats = False

    def __init__(self) -> None:
        self.kept: list[Outgoing] = []

    async def send(self, message: Outgoing, _may_go: MayGo = always) -> Accepted:
        self.kept.append(message)
        return Accepted(message.message_id)

    async def close(self) -> None:
        return None


def smtp(quick: bool) -> Result:  # noqa: FBT001 -- every measure is asked so
    """Messages a second over SMTP, against Postfix's smtp-source with the same bytes on as many connections."""
    count = 6_000 if quick else 30_000
    if not is_installed():
        return _result(
            0.0, None, "not measured: Postfix's smtp-source and smtp-sink are missing (apt-get install postfix)"
        )
    source = _tool("smtp-source")
    message = _a_message()
    size = len(Mail(message, _IDENTITY).written(eight_bit=True))  # smtp-sink takes eight bits
    ours, alone, theirs, our_cpu, their_cpu = [], [], [], [], []
    before = _cpu_of_children()
    with sink() as port:
        for _ in range(2):
            with outbox(count, "email", _say_it_in_both_languages) as url:
                cpu, seconds = work(url, _sender(port), _UNLIMITED)
            ours.append(count / seconds)
            our_cpu.append(cpu / count)
            cpu, seconds = _generate(source, port, count, message)
            theirs.append(count / seconds)
            their_cpu.append(cpu / count)
            alone.append(count / event_loop.run(_send_alone(port, count, message)))
    sink_cpu = (_cpu_of_children() - before) / count - sum(their_cpu)
    spent = (min(our_cpu), min(their_cpu), sink_cpu / 6)  # the sink took mail six times
    notes = f"{count:,} messages of {size / 1000:.1f} kB, {_CONNECTIONS} connections"
    cpus = "CPU a message: ours {:.0f} µs, smtp-source {:.0f}, smtp-sink {:.0f}".format(*(each * 1e6 for each in spent))
    return _result(max(ours), max(theirs), f"{notes}; the sender alone {max(alone):,.0f} a second; {cpus}")


def _cpu_of_children() -> float:
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)
    return spent.ru_utime + spent.ru_stime


def _result(value: float, limit: float | None, notes: str) -> Result:
    ratio = value / limit if limit else None
    return Result(
        name="smtp",
        what="messages a second end to end over SMTP, 7 kB bilingual HTML",
        value=value,
        limit=limit,
        ratio=ratio,
        must="≥ 0.5",
        after="≥ 0.8",
        met=ratio is not None and ratio >= 0.5,
        notes=notes,
    )


def is_installed() -> bool:
    """Whether this machine has Postfix's test programs."""
    return bool(_path("smtp-source") and _path("smtp-sink"))


def _path(name: str) -> str | None:
    return shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/lib/postfix/sbin")


def _tool(name: str) -> str:
    found = _path(name)
    if found is None:
        raise FileNotFoundError(f"{name} is missing: install Postfix (Debian: apt-get install postfix)")
    return found


def _say_it_in_both_languages(store: sa.Engine) -> None:
    """Save the template as its first version, which is the one the planned messages name.

    It holds the letter, its reminders and the letter once more, English and Thai.
    """
    contents = templates.contents(read_playbook("renewal"))
    letters = [contents[name, "email", language] for name in _LETTERS for language in ("en", "th")]
    both = {
        "text": "\n\n".join(letter["text"].strip() for letter in letters),
        "subject": " · ".join(letter["subject"] for letter in letters[:2]),
    }
    with store.begin() as connection:
        save_template(
            connection,
            template_id=_TEMPLATE,
            channel="email",
            language="en",
            content={**letters[0], **both},
            now=utc_now(),
        )


def _a_message() -> Outgoing:
    keeper = _Keeper()
    with outbox(1, "email", _say_it_in_both_languages) as url:
        work(url, keeper, _UNLIMITED)
    return keeper.kept[0]


def _sender(port: int) -> EmailSender:
    return EmailSender(
        host="127.0.0.1", port=port, username="", password="", identity=_IDENTITY, connections=_CONNECTIONS
    )


async def _send_alone(port: int, count: int, message: Outgoing) -> float:
    """Send without an outbox; returns seconds."""
    sender, left = _sender(port), iter(range(count))

    async def send() -> None:
        for _ in left:
            assert isinstance(await sender.send(message), Accepted)

    started = time.perf_counter()
    await asyncio.gather(*(send() for _ in range(_UNLIMITED.in_flight)))
    await sender.close()
    return time.perf_counter() - started


def _generate(source: str, port: int, count: int, message: Outgoing) -> tuple[float, float]:
    """Let smtp-source send the same bytes as often; returns CPU and wall seconds."""
    with tempfile.NamedTemporaryFile(suffix=".eml") as file:
        file.write(Mail(message, _IDENTITY).written(eight_bit=True).replace(b"\r\n", b"\n"))
        file.flush()
        command = [source, "-d", "-s", str(_CONNECTIONS), "-m", str(count), "-F", file.name]
        envelope = ["-f", _IDENTITY.return_path(message.message_id), "-t", message.address]
        cpu, started = _cpu_of_children(), time.perf_counter()
        subprocess.run([*command, *envelope, f"127.0.0.1:{port}"], check=True, timeout=600)
        return _cpu_of_children() - cpu, time.perf_counter() - started


@contextmanager
def sink(*options: str) -> Iterator[int]:
    """Run smtp-sink, which takes mail and throws it away, and give its port; ``options`` are the program's.

    Raises FileNotFoundError when Postfix is not installed.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    as_whom = ("-u", "nobody") if os.geteuid() == 0 else ()  # it refuses to run as root
    with subprocess.Popen([_tool("smtp-sink"), *as_whom, *options, f"127.0.0.1:{port}", "100"]) as process:
        try:
            _wait_for(port)
            yield port
        finally:
            process.kill()


def _wait_for(port: int) -> None:
    deadline = time.monotonic() + _WAIT_SECONDS
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except ConnectionRefusedError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)
        else:
            return
