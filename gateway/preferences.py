"""Unsubscribe and preferences: pages that change nothing when looked at, and forms that act at once."""

import asyncio
import html
from collections.abc import Callable
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route

from core import tokens
from core.errors import PermanentError
from core.ids import derived_id
from core.settings import Settings
from core.store import suppressions
from core.store.events import Event
from core.store.tables import messages
from core.vocabulary import Actor, Channel, EventType, Purpose

_TEXT = {
    "en": {
        "title": "Unsubscribe",
        "ask": "Do you want to stop receiving our messages at this address?",
        "yes": "Stop all messages",
        "done": "You will not hear from us again at this address.",
        "choose": "What may we send you?",
        "save": "Save",
        "saved": "Saved. It counts from now on.",
    },
    "th": {
        "title": "ยกเลิกการรับข้อความ",
        "ask": "ต้องการหยุดรับข้อความจากเราที่ที่อยู่นี้หรือไม่",
        "yes": "หยุดรับทั้งหมด",
        "done": "เราจะไม่ส่งข้อความไปยังที่อยู่นี้อีก",
        "choose": "ท่านต้องการรับข้อความใดบ้าง",
        "save": "บันทึก",
        "saved": "บันทึกแล้ว มีผลทันที",
    },
}
_PURPOSES = {
    Purpose.RENEWAL: ("Contract renewal", "การต่อสัญญา"),
    Purpose.PAYMENT: ("Invoices and payment", "ใบแจ้งหนี้และการชำระเงิน"),
    Purpose.SERVICE_ALERT: ("Music that stopped", "แจ้งเตือนเพลงหยุดเล่น"),
    Purpose.SEASONAL: ("Season's music", "เพลงตามเทศกาล"),
    Purpose.QUARTERLY: ("How it is going", "สอบถามความพึงพอใจ"),
    Purpose.MARKETING: ("News", "ข่าวสาร"),
}


def routes(settings: Settings) -> list[Route]:
    """Return the pages and the one-click address."""
    secret = settings.link_secret.get_secret_value()

    def opened(kind: str, act: Callable[[Request, str], Any]) -> Callable[[Request], Any]:
        async def answer(request: Request) -> Response:
            try:
                (key,) = tokens.verify(secret, kind, request.path_params["token"])
            except (PermanentError, ValueError):
                return PlainTextResponse("This link is not ours.", 404)
            return await act(request, key)  # type: ignore[no-any-return]

        return answer

    return [
        Route("/u/{token}", opened("unsubscribe", _ask), methods=["GET"]),
        Route("/u/{token}", opened("unsubscribe", _unsubscribe), methods=["POST"]),
        Route("/p/{token}", opened("preferences", _choose), methods=["GET"]),
        Route("/p/{token}", opened("preferences", _save), methods=["POST"]),
    ]


async def _ask(_request: Request, _message_id: str) -> Response:
    forms = "".join(
        f"<h1>{text['title']}</h1><p>{text['ask']}</p><form method='post'>"
        f"<input type='hidden' name='List-Unsubscribe' value='One-Click'><button>{text['yes']}</button></form>"
        for text in _TEXT.values()
    )
    return _page(forms)


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
    return _page("".join(f"<p>{text['done']}</p>" for text in _TEXT.values()))


def _channel_of(engine: sa.Engine, message_id: str) -> str | None:
    with engine.connect() as connection:
        return connection.execute(sa.select(messages.c.channel).where(messages.c.message_id == message_id)).scalar()


async def _choose(request: Request, contact_id: str) -> Response:
    stopped = await asyncio.to_thread(_stopped, request.app.state.engine, contact_id)
    boxes = "".join(
        f"<label><input type='checkbox' name='{purpose}' {'' if purpose in stopped else 'checked'}> "
        f"{english}<br><small>{thai}</small></label>"
        for purpose, (english, thai) in _PURPOSES.items()
    )
    both = " · ".join(html.escape(text["choose"]) for text in _TEXT.values())
    save = " · ".join(text["save"] for text in _TEXT.values())
    return _page(f"<h1>{both}</h1><form method='post'>{boxes}<button>{save}</button></form>")


async def _save(request: Request, contact_id: str) -> Response:
    wanted = set((await request.form()).keys())
    state = request.app.state
    await asyncio.to_thread(_write_choice, state.engine, contact_id, wanted, state.clock())
    return _page("".join(f"<p>{text['saved']}</p>" for text in _TEXT.values()))


def _stopped(engine: sa.Engine, contact_id: str) -> set[str]:
    with engine.begin() as connection:
        return {
            purpose
            for purpose in _PURPOSES
            if suppressions.reason_against(
                connection, channel="none", address="", contact_id=contact_id, purpose=purpose
            )
        }


def _write_choice(engine: sa.Engine, contact_id: str, wanted: set[str], now: datetime) -> None:
    with engine.begin() as connection:
        for purpose in _PURPOSES:
            if purpose in wanted:
                suppressions.lift(
                    connection,
                    channel=suppressions.ALL,
                    contact_id=contact_id,
                    purpose=purpose,
                    sources=("preferences",),
                    now=now,
                )
            else:
                suppressions.add(
                    connection,
                    channel=suppressions.ALL,
                    address=None,
                    contact_id=contact_id,
                    purpose=purpose,
                    reason="unsubscribed",
                    source="preferences",
                    now=now,
                )


def _page(inner: str) -> HTMLResponse:
    return HTMLResponse(
        "<!doctype html><html lang='en'><meta charset='utf-8'><meta name='viewport' content='width=device-width'>"
        "<title>BMAsia</title><style>body{font-family:Inter,'Noto Sans Thai',system-ui,sans-serif;max-width:32rem;"
        "margin:3rem auto;padding:0 1.25rem;color:#1f2937;line-height:1.55}h1{font-size:1.4rem}label{display:block;"
        "padding:.75rem 0;border-bottom:1px solid #e5e7eb}button{margin-top:1rem;background:#0f766e;color:#fff;"
        "border:0;border-radius:8px;padding:.8rem 1.25rem;font-size:1rem}</style>" + inner + "</html>",
        headers={"Cache-Control": "no-store, private", "Referrer-Policy": "no-referrer"},
    )
