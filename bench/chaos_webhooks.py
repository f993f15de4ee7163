"""The proof of the intake: webhooks repeated and out of order while gateway and writing process are killed.

A crowd of 64 connections tells every webhook until it is answered 200, a tenth of them once more later. WhatsApp's are
told again byte for byte, LINE's with ``isRedelivery`` set, as each provider does. Whatever was answered must be in the
store exactly once, and have had its effect exactly once.
"""

import base64
import contextlib
import hashlib
import hmac
import json
import os
import random
import shutil
import signal
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import sqlalchemy as sa

from bench import children, postgres
from bench.outbox_of import address
from bench.posting import Post, Posted, Posters, request
from bench.webhooks import STATUSES, plan_messages, status_body, whatsapp_request
from bench.working import query, serve_apart, settings_for
from cli.processes import free_port, wait_for
from core.settings import Settings
from core.store.events import Event
from core.store.inbox import dedup_key
from core.store.tables import conversations, events, inbox, messages
from core.vocabulary import Channel
from senders.inbound import Heard
from senders.line import events as line_events
from senders.whatsapp import events as whatsapp_events

WEBHOOKS = 100_000
_CONNECTIONS = 64
_REPEATED = 0.1
_OUT_OF_ORDER = 2_000  # places by which a webhook may come earlier or later
_PEOPLE = 500  # who write by LINE
_LINE_SECRET = b"channelsecret"
MUST_BE_ZERO = ("missing", "doubled", "not_applied", "wrong_status", "wrong_conversations")


class Webhook(NamedTuple):
    """One thing a provider tells: the bodies it may come in, and the event it makes."""

    post: Post
    source: str
    bodies: tuple[bytes, ...]
    event_id: str


def run_webhooks(*, webhooks: int, store: str, seed: int = 1, every: float = 2.5) -> dict[str, Any]:
    """Tell ``webhooks`` of them to a gateway that is killed about every so many seconds; return what is left."""
    with ExitStack() as stack:
        folder = Path(tempfile.mkdtemp(prefix="bma-webhooks-"))
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        url = ""
        if store == "postgresql":
            url = postgres.new_database(stack.enter_context(postgres.server()), "webhooks")
        settings = settings_for(folder, url, "http://127.0.0.1:8000", line_secret=_LINE_SECRET.decode())
        rng = random.Random(seed)
        told = list(_webhooks(webhooks))
        plan_messages(settings, sum(each.source == "whatsapp" for each in told))
        in_order = sorted(told, key=lambda each: each.post.number + rng.uniform(0, _OUT_OF_ORDER))
        port = free_port()
        gateway = _Gateway(settings, port)
        posts = [each.post for each in in_order]
        posters = Posters(folder / "posted.json", port, posts, connections=_CONNECTIONS, repeated=_REPEATED)
        killed = _kill_again_and_again(gateway, posters, rng, every)
        posted = posters.result()
        gateway.stop()
        return {
            "webhooks": webhooks,
            "kills": killed.total(),
            **_counted(posted),
            **_left(settings, told, posted),
            "killed": dict(sorted(killed.items())),
        }


def broken(results: dict[str, dict[str, Any]]) -> list[str]:
    """Name every count that must be zero and is not."""
    return [
        f"webhooks, {store}: {name} is {each[name]}"
        for store, each in results.items()
        for name in MUST_BE_ZERO
        if each[name]
    ]


class _Gateway:
    """A gateway in a child, with its writing process below it."""

    def __init__(self, settings: Settings, port: int) -> None:
        self._settings, self._port = settings, port
        self._pid = 0
        self.start()

    def start(self) -> None:
        self._pid = children.fork(lambda: serve_apart(self._settings, "127.0.0.1", self._port))
        wait_for(f"http://127.0.0.1:{self._port}/healthz")

    def kill(self) -> None:
        """Kill it as a power cut does; its writing process is left to notice."""
        children.kill(self._pid)

    def kill_writing(self) -> bool:
        """Kill its writing process alone; False when there is none at the moment."""
        below = Path(f"/proc/{self._pid}/task/{self._pid}/children").read_text().split()
        for pid in below:
            with contextlib.suppress(ProcessLookupError):  # it is gone already
                os.kill(int(pid), signal.SIGKILL)
        return bool(below)

    def stop(self) -> None:
        """Ask it to end, as a deployment does."""
        children.stop(self._pid)


def _kill_again_and_again(gateway: _Gateway, posters: Posters, rng: random.Random, every: float) -> Counter[str]:
    killed: Counter[str] = Counter()
    deadline = time.monotonic() + 1800
    while posters.is_posting():
        if time.monotonic() > deadline:
            raise TimeoutError("the webhooks were not all taken within half an hour")
        if _ends_within(posters, rng.uniform(0.4, 1.6) * every):
            break
        chance = rng.random()
        if chance < 0.45:
            killed["writing process killed"] += gateway.kill_writing()
            continue
        if chance < 0.55:
            gateway.stop()
            killed["gateway restarted"] += 1
        else:
            gateway.kill()
            killed["gateway killed"] += 1
        gateway.start()
    return killed


def _ends_within(posters: Posters, seconds: float) -> bool:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if not posters.is_posting():
            return True
        time.sleep(0.02)
    return False


def _webhooks(count: int) -> Iterator[Webhook]:
    """Yield statuses of messages, and one in four something that a person wrote by LINE."""
    statuses = lines = 0
    for number in range(count):
        if number % 4 == 3:
            yield _line(number, lines)
            lines += 1
        else:
            yield _whatsapp(number, statuses)
            statuses += 1


def _whatsapp(number: int, status: int) -> Webhook:
    body = status_body(status // len(STATUSES), STATUSES[status % len(STATUSES)])
    event_id = _event_id(whatsapp_events.translate(body, received_at=datetime.now(UTC)))
    asked = whatsapp_request(body)
    return Webhook(Post(number, (asked,)), "whatsapp", (body,), event_id)


def _line(number: int, line: int) -> Webhook:
    bodies = tuple(_line_body(line, is_redelivery=again) for again in (False, True))
    event_id = _event_id(line_events.translate(bodies[0], received_at=datetime.now(UTC)))
    asked = tuple(
        request(
            "/webhooks/line",
            body,
            x_line_signature=base64.b64encode(hmac.new(_LINE_SECRET, body, hashlib.sha256).digest()).decode(),
        )
        for body in bodies
    )
    return Webhook(Post(number, asked), "line", bodies, event_id)


def _event_id(heard: Sequence[Heard]) -> str:
    (event,) = heard
    assert isinstance(event, Event)
    return event.event_id


def _line_body(line: int, *, is_redelivery: bool) -> bytes:
    event = {
        "type": "message",
        "message": {"type": "text", "id": str(line), "text": f"Question {line}"},
        "webhookEventId": f"01LINE{line:020}",
        "deliveryContext": {"isRedelivery": is_redelivery},
        "timestamp": 1_790_000_000_000 + line,
        "source": {"type": "user", "userId": address("line", line % _PEOPLE)},
        "mode": "active",
    }
    return json.dumps({"destination": "U" + "0" * 32, "events": [event]}).encode()


def _counted(posted: Posted) -> dict[str, Any]:
    return {
        "requests": sum(posted.statuses.values()) + posted.interrupted,
        "answered_200": posted.statuses[200],
        "answered_503": posted.statuses[503],
        "answered_otherwise": sum(count for status, count in posted.statuses.items() if status not in {200, 503}),
        "interrupted": posted.interrupted,
        "seconds": round(posted.seconds, 1),
    }


def _left(settings: Settings, told: list[Webhook], posted: Posted) -> dict[str, Any]:
    """Compare what was answered with what is in the store."""
    acknowledged = set(posted.acknowledged)
    kept = {(row.source, row.dedup_key): row.state for row in query(settings, sa.select(inbox))}
    found = Counter(row.event_id for row in query(settings, sa.select(events.c.event_id)))
    written = Counter(row.address for row in query(settings, sa.select(events).where(_IS_LINE)))
    counted = {row.address: row.message_count for row in query(settings, sa.select(conversations))}
    below = sa.select(sa.func.count()).where(messages.c.status != "read")
    states = [_states(each, kept) for each in told if each.post.number in acknowledged]
    return {
        "missing": sum(not state for state in states)
        + sum(not found[each.event_id] for each in told if each.post.number in acknowledged),
        "doubled": sum(count > 1 for count in found.values()) + len(found.keys() - {each.event_id for each in told}),
        "not_applied": sum(state != {"applied"} for state in states if state),
        "wrong_status": query(settings, below)[0][0] if len(acknowledged) == len(told) else 0,
        "wrong_conversations": sum(counted.get(who) != count for who, count in written.items()),
    }


_IS_LINE = events.c.channel == Channel.LINE


def _states(webhook: Webhook, kept: dict[tuple[str, str], str]) -> set[str]:
    keys = [(webhook.source, dedup_key(body)) for body in webhook.bodies]
    return {kept[key] for key in keys if key in kept}


def webhooks_page(results: dict[str, dict[str, Any]]) -> str:
    """Return ``bench/chaos_webhooks.md``."""
    names = [name for name in next(iter(results.values())) if name != "killed"]
    killed = sorted({name for result in results.values() for name in result["killed"]})
    lines = [
        "# Webhooks, repeated and out of order, while gateway and writing process are killed",
        (
            f"`python3 run.py chaos --webhooks`: {_CONNECTIONS} connections tell each webhook until it is answered "
            "200 and a tenth of them once more (WhatsApp's byte for byte, LINE's with `isRedelivery` set), up to "
            f"{_OUT_OF_ORDER:,} places out of order. What was answered is compared with the store: kept, its event "
            "once, its effect once (a message's status, a conversation's count)."
        ),
        "",
        f"| store | {' | '.join(name.replace('_', ' ') for name in names)} |",
        f"|---|{'---|' * len(names)}",
        *(f"| {store} | {' | '.join(f'{result[name]:,}' for name in names)} |" for store, result in results.items()),
        "",
        f"| what ended | {' | '.join(results)} |",
        f"|---|{'---|' * len(results)}",
        *(
            f"| {name} | {' | '.join(str(each['killed'].get(name, 0)) for each in results.values())} |"
            for name in killed
        ),
    ]
    return "\n".join(lines) + "\n"
