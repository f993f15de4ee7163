"""Opens and clicks: recorded as they came, judged later in the warehouse; a redirect goes to a stored place only."""

import asyncio
import base64
from datetime import datetime

import sqlalchemy as sa
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from core import tokens
from core.errors import PermanentError
from core.ids import derived_id
from core.settings import Settings
from core.store.engine import reading
from core.store.events import Event
from core.store.links import HONEYPOT, url_of
from core.store.tables import messages
from core.vocabulary import Channel, EventType

_GIF = base64.b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")
_PRIVATE = {"Cache-Control": "no-store, private"}


def routes(settings: Settings) -> list[Route]:
    """Return the tracking routes."""
    secret = settings.link_secret.get_secret_value()

    async def opened(request: Request) -> Response:
        try:
            (message_id,) = tokens.verify(secret, "open", request.path_params["token"])
            await _record(request, message_id, EventType.OPENED, None)
        except (PermanentError, ValueError):
            pass  # a picture is shown to everybody; only a real token is counted
        return Response(_GIF, media_type="image/gif", headers=_PRIVATE)

    async def clicked(request: Request) -> Response:
        try:
            message_id, link_id = tokens.verify(secret, "click", request.path_params["token"])
        except (PermanentError, ValueError):
            return PlainTextResponse("This link is not ours.", 404)
        with reading(request.app.state.engine) as connection:
            url = url_of(connection, link_id)
        if url is None:
            return PlainTextResponse("This link is no longer there.", 404)
        await _record(request, message_id, EventType.CLICKED, link_id)
        return RedirectResponse(url, 302, headers=_PRIVATE)

    async def trapped(request: Request) -> Response:
        try:
            (message_id,) = tokens.verify(secret, "honeypot", request.path_params["token"])
        except (PermanentError, ValueError):
            return PlainTextResponse("This link is not ours.", 404)
        await _record(request, message_id, EventType.CLICKED, HONEYPOT)
        return PlainTextResponse("Nothing is here: no person can see the link.", headers=_PRIVATE)

    return [
        Route("/t/o/{token}.gif", opened),
        Route("/t/c/{token}", clicked, methods=["GET", "HEAD"]),
        Route("/t/h/{token}", trapped, methods=["GET", "HEAD"]),
    ]


async def _record(request: Request, message_id: str, event_type: EventType, link_id: str | None) -> None:
    state = request.app.state
    now: datetime = state.clock()
    channel = await asyncio.to_thread(_channel_of, state.engine, message_id)
    if channel is None:
        return
    detail = {"user_agent": request.headers.get("user-agent", "")[:300], "method": request.method}
    # Hits of one agent within a second are one: proxies and double clicks repeat them.
    key = (message_id, event_type, link_id or "", detail["user_agent"], detail["method"], now.strftime("%Y%m%d%H%M%S"))
    await state.intake.record(
        Event(
            event_id=derived_id("tracking", *key),
            channel=Channel(channel),
            event_type=event_type,
            occurred_at=now,
            provider_event_type=f"{event_type}.{detail['method'].lower()}",
            message_id=message_id,
            link_id=link_id,
            detail=detail,
        )
    )


def _channel_of(engine: sa.Engine, message_id: str) -> str | None:
    with reading(engine) as connection:
        return connection.execute(sa.select(messages.c.channel).where(messages.c.message_id == message_id)).scalar()
