"""Durable webhooks a second against a bare answer, at 64 connections, in the same run on both stores."""

import contextlib
import hashlib
import hmac
import json
import shutil
import statistics
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from bench import children, postgres
from bench.outbox_of import address, message_id, plan
from bench.posting import Post, Posted, Posters, request
from bench.report import Result
from bench.working import serve_apart, settings_for
from cli.processes import free_port, wait_for
from core.clock import utc_now
from core.settings import Settings
from core.store.engine import open_store
from gateway import serving

_CONNECTIONS = 64
_PATH = "/webhooks/whatsapp"
_SECRET = b"appsecret"  # bench.working's
STATUSES = ("sent", "delivered", "read")
_ROUNDS = 3


def webhooks(quick: bool) -> Result:  # noqa: FBT001 -- every measure is asked so
    """Webhooks a second, answered when they are verified, stored and applied; both stores against a bare answer."""
    count = 6_000 if quick else 15_000  # a round; one more, which is not counted, warms up
    with ExitStack() as stack:
        folder = Path(tempfile.mkdtemp(prefix="bma-webhooks-"))
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        servers = {"bare": stack.enter_context(_serving(_bare))}
        stores = ["sqlite", *(["postgresql"] if postgres.is_installed() else [])]
        for name in stores:
            url = ""
            if name == "postgresql":
                url = postgres.new_database(stack.enter_context(postgres.server("fsync=on")), "webhooks")
            settings = settings_for(folder / name, url, "http://127.0.0.1:8000")
            plan_messages(settings, count * (_ROUNDS + 1))
            servers[name] = stack.enter_context(_serving(partial(serve_apart, settings, "127.0.0.1")))
        rounds: dict[str, list[Posted]] = {name: [] for name in servers}
        for turn in range(_ROUNDS + 1):
            posts = deliveries(turn * count, count)
            for name, port in servers.items():
                seen = Posters(folder / "posted.json", port, posts, connections=_CONNECTIONS).result()
                assert seen.statuses.keys() == {200}, seen.statuses
                rounds[name].append(seen)
    return _result(count, {name: seen[1:] for name, seen in rounds.items()}, stores)


def _result(count: int, rounds: dict[str, list[Posted]], stores: Sequence[str]) -> Result:
    rates = {name: statistics.median(count / seen.seconds for seen in each) for name, each in rounds.items()}
    p99s = {name: statistics.median(seen.p99() for seen in each) for name, each in rounds.items()}
    slowest = min(stores, key=rates.__getitem__)
    ratio = rates[slowest] / rates["bare"]
    missing = [] if "postgresql" in stores else [postgres.MISSING]
    return Result(
        name="webhooks",
        what="durable webhooks/s at 64 connections, on the slower store",
        value=rates[slowest],
        limit=rates["bare"],
        ratio=ratio,
        must="≥ 0.50, p99 ≤ 100 ms",
        after="≥ 0.75",
        met=ratio >= 0.5 and max(p99s[name] for name in stores) <= 100 and not missing,
        notes="; ".join(
            [f"{name} {rates[name]:,.0f}/s, p99 {p99s[name]:.0f} ms" for name in rates]
            + [f"statuses, verified, stored and applied before the answer; {count:,} a round, median of {_ROUNDS}"]
            + missing
        ),
    )


def deliveries(first: int, count: int) -> list[Post]:
    """Return ``count`` status webhooks about the planned messages, three for each, from event ``first`` on."""
    numbers = range(first, first + count)
    bodies = [status_body(number // len(STATUSES), STATUSES[number % len(STATUSES)]) for number in numbers]
    return [Post(number, (whatsapp_request(body),)) for number, body in zip(numbers, bodies, strict=True)]


def whatsapp_request(body: bytes) -> bytes:
    """Return the request that delivers a body, signed."""
    signature = hmac.new(_SECRET, body, hashlib.sha256).hexdigest()
    return request(_PATH, body, content_type="application/json", x_hub_signature_256=f"sha256={signature}")


def status_body(message: int, status: str) -> bytes:
    """Return a WhatsApp status webhook about a planned message, as large as Meta's."""
    number = address("whatsapp", message).lstrip("+")
    item = {
        "id": f"wamid.{message}",
        "status": status,
        "timestamp": str(1_790_000_000 + message),
        "recipient_id": number,
        "biz_opaque_callback_data": message_id(message),
        "pricing": {"billable": True, "pricing_model": "PMP", "category": "utility", "type": "regular"},
    }
    value = {
        "messaging_product": "whatsapp",
        "metadata": {"display_phone_number": "15550783881", "phone_number_id": "106540352242922"},
        "contacts": [{"wa_id": number, "user_id": "TH.13491208655302741918"}],
        "statuses": [item],
    }
    change = {"value": value, "field": "messages"}
    return json.dumps({"object": "whatsapp_business_account", "entry": [{"id": "1", "changes": [change]}]}).encode()


def plan_messages(settings: Settings, statuses: int) -> None:
    """Put into the ledger the accepted messages that so many statuses are about."""
    engine = open_store(settings.effective_store_url)
    plan(engine, -(-statuses // len(STATUSES)), ("whatsapp",), utc_now())
    with engine.begin() as connection:
        connection.exec_driver_sql("update messages set status = 'accepted', accepted_at = planned_at")
    engine.dispose()


@contextmanager
def _serving(serve_on: Callable[[int], None]) -> Iterator[int]:
    port = free_port()
    pid = children.fork(lambda: serve_on(port))
    try:
        wait_for(f"http://127.0.0.1:{port}/healthz")
        yield port
    finally:
        with contextlib.suppress(ProcessLookupError):
            children.stop(pid)


def _bare(port: int) -> None:
    async def answer(request: Request) -> Response:
        await request.body()
        return PlainTextResponse("OK")

    async def alive(_request: Request) -> Response:
        return PlainTextResponse("OK")

    app = Starlette(routes=[Route(_PATH, answer, methods=["POST"]), Route("/healthz", alive)])
    serving.run(lambda: app, host="127.0.0.1", port=port)
