"""Leaving by one click (RFC 8058): a page that changes nothing when looked at, and an address that acts at once."""

import asyncio
from datetime import datetime

import sqlalchemy as sa
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from core import tokens
from core.errors import PermanentError
from core.ids import derived_id
from core.settings import Settings
from core.store.engine import reading
from core.store.events import Event
from core.store.tables import messages
from core.vocabulary import Actor, Channel, EventType
from gateway.pages import page

_WORDS = (
    (
        "Unsubscribe",
        "Do you want to stop receiving our messages at this address?",
        "Stop all messages",
        "You will not hear from us again at this address.",
    ),
    (
        "ยกเลิกการรับข้อความ",
        "ต้องการหยุดรับข้อความจากเราที่ที่อยู่นี้หรือไม่",
        "หยุดรับทั้งหมด",
        "เราจะไม่ส่งข้อความไปยังที่อยู่นี้อีก",
    ),
)


def routes(settings: Settings) -> list[Route]:
    """Return the page and the one-click address."""
    secret = settings.link_secret.get_secret_value()

    async def answer(request: Request) -> Response:
        try:
            (message_id,) = tokens.verify(secret, "unsubscribe", request.path_params["token"])
        except (PermanentError, ValueError):
            return PlainTextResponse("This link is not ours.", 404)
        return await _unsubscribe(request, message_id) if request.method == "POST" else _ask()

    return [Route("/u/{token}", answer, methods=["GET", "POST"])]


def _ask() -> Response:
    forms = "".join(
        f"<h1>{title}</h1><p>{ask}</p><form method='post'>"
        f"<input type='hidden' name='List-Unsubscribe' value='One-Click'><button>{yes}</button></form>"
        for title, ask, yes, _ in _WORDS
    )
    return page(forms)


async def _unsubscribe(request: Request, message_id: str) -> Response:
    state = request.app.state
    now: datetime = state.clock()
    channel = await asyncio.to_thread(_channel_of, state.engine, message_id)
    await state.intake.record(
        Event(
            event_id=derived_id("unsubscribe", message_id, now.isoformat(timespec="minutes")),
            channel=Channel(channel or Channel.EMAIL),
            event_type=EventType.UNSUBSCRIBED,
            occurred_at=now,
            provider_event_type="one_click",
            message_id=message_id,
            actor=Actor.HUMAN,
        )
    )
    return page("".join(f"<p>{done}</p>" for *_, done in _WORDS))


def _channel_of(engine: sa.Engine, message_id: str) -> str | None:
    with reading(engine) as connection:
        return connection.execute(sa.select(messages.c.channel).where(messages.c.message_id == message_id)).scalar()
