"""Webhook routes: prove, write down, then answer. Without a secret they are closed."""

import asyncio
import hmac
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from prometheus_client import Counter
from pydantic import SecretStr
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from core import traces
from core.errors import TransientError
from core.metrics import meters
from core.settings import Settings
from gateway.intake import KEPT_HEADERS, Intake
from senders.inbound import is_signed_by_us
from senders.line import events as line_events
from senders.whatsapp import events as whatsapp_events

LARGEST_BODY = 3 * 1024 * 1024  # WhatsApp's maximum; the others send less
Verify = Callable[[bytes, Mapping[str, str], str, datetime], bool]
Given = Sequence[tuple[bytes, bytes]]  # headers as the server has them: names in small letters
_SIGNATURES = ("x-hub-signature-256", "x-line-signature", "x-bma-signature", "x-bma-timestamp")
_READ_HEADERS = {name.encode(): name for name in (*KEPT_HEADERS, *_SIGNATURES, "content-length")}


def doors(settings: Settings, intake: Intake, clock: Callable[[], datetime]) -> dict[str, "Door"]:
    """Return the doors by their paths."""
    found: dict[str, tuple[str, Verify, SecretStr]] = {
        "/webhooks/whatsapp": ("whatsapp", _by_meta, settings.whatsapp_app_secret),
        "/webhooks/line": ("line", _by_line, settings.line_channel_secret),
        "/webhooks/email/inbound": ("email", is_signed_by_us, settings.smtp_inbound_secret),
        "/webhooks/crm": ("crm", is_signed_by_us, settings.crm_webhook_secret),
    }
    return {
        path: Door(source, verify, secret.get_secret_value(), intake, clock)
        for path, (source, verify, secret) in found.items()
    }


def routes(settings: Settings, found: Mapping[str, "Door"]) -> list[Route]:
    """Return the doors as routes, which know what else is asked of them."""
    asked = [Route(path, door, methods=["POST"]) for path, door in found.items()]
    return [*asked, Route("/webhooks/whatsapp", _challenge(settings), methods=["GET"])]


# Their schemes hold no time: a replay is known by its body, and by the events in it.
def _by_meta(body: bytes, headers: Mapping[str, str], secret: str, _now: datetime) -> bool:
    return whatsapp_events.verify(body, headers, secret)


def _by_line(body: bytes, headers: Mapping[str, str], secret: str, _now: datetime) -> bool:
    return line_events.verify(body, headers, secret)


class Reply(NamedTuple):
    """What a delivery is answered; ``result`` says in a word what became of it."""

    result: str
    status: int
    text: str
    retry_after: str = ""  # seconds

    def headers(self) -> list[tuple[bytes, bytes]]:
        """Return the answer's headers."""
        length = (b"content-length", str(len(self.text.encode())).encode())
        later = [(b"retry-after", self.retry_after.encode())] if self.retry_after else []
        return [(b"content-type", b"text/plain; charset=utf-8"), length, *later]


_NEW, _REPEATED = Reply("new", 200, "OK"), Reply("repeated", 200, "OK")
_CLOSED = Reply("", 404, "Not Found")
_TOO_LARGE = Reply("too_large", 413, "the body is too large")
BROKEN_OFF = Reply("broken_off", 0, "")  # nobody is there to be answered
_FORGED = Reply("forged", 401, "the signature does not match")


class Door:
    """One provider's door: a plain ASGI application, since requests, routes and middleware cost as much as the rest."""

    def __init__(self, source: str, verify: Verify, secret: str, intake: Intake, clock: Callable[[], datetime]) -> None:
        self._source, self._verify, self._secret = source, verify, secret
        self._intake, self._clock = intake, clock
        self._seconds = meters().delivery_seconds.labels(source)
        self._counters: dict[str, Counter] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one delivery."""
        began = time.monotonic()
        if traces.is_on() and self._secret:
            with traces.span("webhook", source=self._source) as found:
                reply = await self._take(scope, receive)
                found["result"] = reply.result
        else:
            reply = await self._take(scope, receive)
        if reply is not BROKEN_OFF:
            await send({"type": "http.response.start", "status": reply.status, "headers": reply.headers()})
            await send({"type": "http.response.body", "body": reply.text.encode()})
        self.count(reply, began)

    async def _take(self, scope: Scope, receive: Receive) -> Reply:
        given: Given = scope["headers"]
        try:
            body = await _read_body(_read(given), receive) if self._secret else b""
        except ClientDisconnect:
            return BROKEN_OFF
        if body is None:
            return _TOO_LARGE
        begun = self.begin(given, body)
        if isinstance(begun, Reply):
            return begun
        await asyncio.wait([begun])
        return self.end(begun)

    def begin(self, given: Given, body: bytes) -> "Reply | asyncio.Future[bool]":
        """Return the answer to a delivery, or what settles it, for ``end``."""
        if not self._secret:
            return _CLOSED
        headers, now = _read(given), self._clock()
        if not self._verify(body, headers, self._secret, now):
            return _FORGED
        try:
            return self._intake.take(self._source, body, headers, now)
        except TransientError as error:
            return _put_off(error)

    def end(self, settled: "asyncio.Future[bool]") -> Reply:
        """Return the answer to a delivery that is settled."""
        try:
            return _NEW if settled.result() else _REPEATED
        except TransientError as error:
            return _put_off(error)

    def count(self, reply: Reply, began: float) -> None:
        """Count a delivery that came at ``began``, in seconds of the monotonic clock."""
        if not reply.result:
            return
        if reply.result not in self._counters:
            self._counters[reply.result] = meters().deliveries.labels(self._source, reply.result)
        self._counters[reply.result].inc()
        self._seconds.observe(time.monotonic() - began)


def _put_off(error: TransientError) -> Reply:
    return Reply("put_off", 503, str(error), f"{error.retry_after or 5:.0f}")


def _read(given: Given) -> dict[str, str]:
    """Return what of a delivery's headers somebody asks for."""
    return {_READ_HEADERS[name]: value.decode("latin-1") for name, value in given if name in _READ_HEADERS}


async def _read_body(headers: Mapping[str, str], receive: Receive) -> bytes | None:
    """Return the raw body, or None when it is larger than anybody may send."""
    announced = headers.get("content-length", "0")
    if announced.isdigit() and int(announced) > LARGEST_BODY:
        return None
    parts: list[bytes] = []
    size, is_more = 0, True
    while is_more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > LARGEST_BODY:
            return None
        is_more = message.get("more_body", False)
    return b"".join(parts)


def _challenge(settings: Settings) -> Callable[[Request], Any]:
    token = settings.whatsapp_verify_token.get_secret_value()

    async def answer(request: Request) -> Response:
        query = request.query_params
        given = query.get("hub.verify_token", "")
        if not token:
            return PlainTextResponse("Not Found", 404)
        if query.get("hub.mode") != "subscribe" or not hmac.compare_digest(given.encode(), token.encode()):
            return PlainTextResponse("the verify token does not match", 403)
        return PlainTextResponse(query.get("hub.challenge", ""))

    return answer
