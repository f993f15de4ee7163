"""Webhook routes: prove, write down, then answer. Without a secret they are closed."""

import hmac
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

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
from gateway.intake import Intake
from senders.inbound import is_signed_by_us
from senders.line import events as line_events
from senders.whatsapp import events as whatsapp_events

LARGEST_BODY = 3 * 1024 * 1024  # WhatsApp's maximum; the others send less
Verify = Callable[[bytes, Mapping[str, str], str, datetime], bool]


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


class Door:
    """One provider's door: a plain ASGI application, since requests, routes and middleware cost as much as the rest."""

    def __init__(self, source: str, verify: Verify, secret: str, intake: Intake, clock: Callable[[], datetime]) -> None:
        self._source, self._verify, self._secret = source, verify, secret
        self._intake, self._clock = intake, clock
        self._seconds = meters().delivery_seconds.labels(source)
        self._counters: dict[str, Counter] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one delivery."""
        if not self._secret:
            await _answer(send, 404, "Not Found")
            return
        began = time.monotonic()
        if traces.is_on():
            with traces.span("webhook", source=self._source) as found:
                found["result"], *answer = await self._take(scope, receive)
                result = found["result"]
        else:
            result, *answer = await self._take(scope, receive)
        if answer:
            await _answer(send, *answer)
        if result not in self._counters:
            self._counters[result] = meters().deliveries.labels(self._source, result)
        self._counters[result].inc()
        self._seconds.observe(time.monotonic() - began)

    async def _take(self, scope: Scope, receive: Receive) -> Sequence[Any]:
        """Return what became of a delivery, in a word, and the answer."""
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        try:
            body = await _read_body(headers, receive)
        except ClientDisconnect:
            return ("broken_off",)
        if body is None:
            return "too_large", 413, "the body is too large"
        now = self._clock()
        if not self._verify(body, headers, self._secret, now):
            return "forged", 401, "the signature does not match"
        try:
            is_new = await self._intake.take(self._source, body, headers, now)
        except TransientError as error:
            return "put_off", 503, str(error), (b"retry-after", f"{error.retry_after or 5:.0f}".encode())
        return "new" if is_new else "repeated", 200, "OK"


async def _answer(send: Send, status: int, text: str, *more: tuple[bytes, bytes]) -> None:
    body = text.encode()
    length = (b"content-length", str(len(body)).encode())
    headers = [(b"content-type", b"text/plain; charset=utf-8"), length, *more]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


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
