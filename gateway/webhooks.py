"""Webhook routes: prove, write down, then answer. Without a secret they are closed."""

import hmac
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from core import traces
from core.errors import TransientError
from core.metrics import meters
from core.settings import Settings
from senders.inbound import is_signed_by_us
from senders.line import events as line_events
from senders.whatsapp import events as whatsapp_events

LARGEST_BODY = 3 * 1024 * 1024  # WhatsApp's maximum; the others send less
Verify = Callable[[bytes, Mapping[str, str], str, datetime], bool]


def routes(settings: Settings) -> list[Route]:
    """Return the webhook routes."""
    doors: dict[str, tuple[str, Verify, str]] = {
        "/webhooks/whatsapp": ("whatsapp", _by_meta, settings.whatsapp_app_secret.get_secret_value()),
        "/webhooks/line": ("line", _by_line, settings.line_channel_secret.get_secret_value()),
        "/webhooks/email/inbound": ("email", is_signed_by_us, settings.smtp_inbound_secret.get_secret_value()),
        "/webhooks/crm": ("crm", is_signed_by_us, settings.crm_webhook_secret.get_secret_value()),
    }
    found = [Route(path, _door(*door), methods=["POST"]) for path, door in doors.items()]
    return [*found, Route("/webhooks/whatsapp", _challenge(settings), methods=["GET"])]


# Their schemes hold no time: a replay is known by its body, and by the events in it.
def _by_meta(body: bytes, headers: Mapping[str, str], secret: str, _now: datetime) -> bool:
    return whatsapp_events.verify(body, headers, secret)


def _by_line(body: bytes, headers: Mapping[str, str], secret: str, _now: datetime) -> bool:
    return line_events.verify(body, headers, secret)


def _door(source: str, verify: Verify, secret: str) -> Callable[[Request], Any]:
    async def receive(request: Request) -> Response:
        if not secret:
            return PlainTextResponse("Not Found", 404)
        began = time.monotonic()
        with traces.span("webhook", source=source) as found:
            found["result"], response = await _take(source, verify, secret, request)
        meters().deliveries.labels(source, found["result"]).inc()
        meters().delivery_seconds.labels(source).observe(time.monotonic() - began)
        return response

    return receive


async def _take(source: str, verify: Verify, secret: str, request: Request) -> tuple[str, Response]:
    """Return what became of a delivery, in a word, and the answer."""
    body = await read_body(request)
    if body is None:
        return "too_large", PlainTextResponse("the body is too large", 413)
    state = request.app.state
    now = state.clock()
    if not verify(body, request.headers, secret, now):
        return "forged", PlainTextResponse("the signature does not match", 401)
    try:
        is_new = await state.intake.take(source, body, request.headers, now)
    except TransientError as error:
        again = {"Retry-After": f"{error.retry_after or 5:.0f}"}
        return "put_off", PlainTextResponse(str(error), 503, headers=again)
    return "new" if is_new else "repeated", PlainTextResponse("OK")


async def read_body(request: Request) -> bytes | None:
    """Return the raw body, or None when it is larger than anybody may send."""
    announced = request.headers.get("content-length", "0")
    if announced.isdigit() and int(announced) > LARGEST_BODY:
        return None
    parts, size = [], 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > LARGEST_BODY:
            return None
        parts.append(chunk)
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
