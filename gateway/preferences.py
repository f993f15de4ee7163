"""Preferences: a person chooses by purpose and by channel, and may have a rest of 30 days."""

import asyncio
from collections.abc import Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from core import tokens
from core.errors import PermanentError
from core.settings import Settings
from core.store import choices, line_links
from core.store.choices import Choice, Wish
from core.store.engine import reading
from core.vocabulary import Channel, Purpose
from gateway.pages import LANGUAGES, language_of, page
from senders.line.linking import chat_link, invitation

_TEXT = {
    "en": {
        "title": "What may we send you?",
        "purposes": "About what",
        "channels": "By what",
        Choice.YES: "Yes",
        Choice.REST: "Not for 30 days",
        Choice.NO: "No",
        "save": "Save",
        "rest": "Nothing for 30 days",
        "saved": "Saved. It counts from now on.",
        "line": "Connect my LINE",
        "code": "Your code, good once and until {until}",
        "chat": "Open LINE",
        "too_many": "You had several codes today. Please use the last one, or try again tomorrow.",
        "other": "ภาษาไทย",
    },
    "th": {
        "title": "ท่านต้องการรับข้อความใดบ้าง",
        "purposes": "เรื่อง",
        "channels": "ช่องทาง",
        Choice.YES: "รับ",
        Choice.REST: "พัก 30 วัน",
        Choice.NO: "ไม่รับ",
        "save": "บันทึก",
        "rest": "พักทั้งหมด 30 วัน",
        "saved": "บันทึกแล้ว มีผลทันที",
        "line": "เชื่อมต่อ LINE ของฉัน",
        "code": "รหัสของท่าน ใช้ได้ครั้งเดียวภายใน {until}",
        "chat": "เปิด LINE",
        "too_many": "วันนี้ท่านขอรหัสหลายครั้งแล้ว กรุณาใช้รหัสล่าสุด หรือลองใหม่พรุ่งนี้",
        "other": "English",
    },
}
_PURPOSES = {
    Purpose.RENEWAL: {"en": "Contract renewal", "th": "การต่อสัญญา"},
    Purpose.PAYMENT: {"en": "Invoices and payment", "th": "ใบแจ้งหนี้และการชำระเงิน"},
    Purpose.SERVICE_ALERT: {"en": "Music that stopped", "th": "แจ้งเตือนเพลงหยุดเล่น"},
    Purpose.SEASONAL: {"en": "Season's music", "th": "เพลงตามเทศกาล"},
    Purpose.QUARTERLY: {"en": "How it is going", "th": "สอบถามความพึงพอใจ"},
    Purpose.MARKETING: {"en": "News", "th": "ข่าวสาร"},
}
_CHANNELS = {
    Channel.EMAIL: {"en": "Email", "th": "อีเมล"},
    Channel.WHATSAPP: {"en": "WhatsApp", "th": "WhatsApp"},
    Channel.LINE: {"en": "LINE", "th": "LINE"},
}
_WISHES: dict[str, Wish] = {
    **{str(purpose): Wish(purpose=purpose) for purpose in _PURPOSES},
    **{str(channel): Wish(channel=channel) for channel in _CHANNELS},
}
_EVERYTHING = Wish()


def routes(settings: Settings) -> list[Route]:
    """Return the page."""
    secret = settings.link_secret.get_secret_value()

    async def answer(request: Request) -> Response:
        try:
            (contact_id,) = tokens.verify(secret, "preferences", request.path_params["token"])
        except (PermanentError, ValueError):
            return PlainTextResponse("This link is not ours.", 404)
        return await (_save if request.method == "POST" else _show)(request, contact_id)

    return [Route("/p/{token}", answer, methods=["GET", "POST"])]


async def _show(request: Request, contact_id: str) -> Response:
    standing = await asyncio.to_thread(_standing, request.app.state.engine, contact_id)
    language = language_of(request)
    return page(_form(standing, language), language)


async def _save(request: Request, contact_id: str) -> Response:
    form = {name: str(value) for name, value in (await request.form()).items()}
    state = request.app.state
    if "line_code" in form:
        return await asyncio.to_thread(_line_code, request, contact_id)
    wishes = _read(form)
    await asyncio.to_thread(_choose, state.engine, contact_id, wishes, state.clock())
    standing = await asyncio.to_thread(_standing, state.engine, contact_id)
    language = language_of(request)
    return page(f"<p><strong>{_TEXT[language]['saved']}</strong></p>{_form(standing, language)}", language)


def _read(form: Mapping[str, str]) -> dict[Wish, Choice]:
    """Return what was chosen; whatever else a form holds is not looked at."""
    if "rest" in form:
        return {_EVERYTHING: Choice.REST}
    found = {_WISHES[name]: Choice(value) for name, value in form.items() if name in _WISHES and value in list(Choice)}
    # Who chooses one by one is past wanting nothing at all.
    return {_EVERYTHING: Choice.YES, **found} if found else {}


def _standing(engine: sa.Engine, contact_id: str) -> dict[Wish, Choice]:
    with reading(engine) as connection:
        return choices.chosen(connection, contact_id)


def _choose(engine: sa.Engine, contact_id: str, wishes: Mapping[Wish, Choice], now: datetime) -> None:
    with engine.begin() as connection:
        choices.choose(connection, contact_id, wishes, now)


def _line_code(request: Request, contact_id: str) -> Response:
    """Show a code by which the person's LINE becomes theirs here; it came to them by the link in an email."""
    language, state = language_of(request), request.app.state
    text, words, settings = _TEXT[language], invitation(), state.settings
    try:
        with state.engine.begin() as connection:
            code = line_links.issue(
                connection,
                contact_id,
                secret=settings.link_secret.get_secret_value(),
                source="page",
                issued_by="the page of preferences",
                shown={language: words[language]},
                now=state.clock(),
            )
    except PermanentError:
        return page(f"<p>{text['too_many']}</p>", language)
    link = chat_link(settings.line_account, code.text)
    until = code.expires_at.astimezone(ZoneInfo(settings.time_zone))
    return page(
        f"<p>{words[language]}</p><p>{text['code'].format(until=f'{until:%d/%m/%Y %H:%M}')}</p><h1>{code.text}</h1>"
        + (f"<p><a href='{link}'>{text['chat']}</a></p>" if link else ""),
        language,
    )


def _form(standing: Mapping[Wish, Choice], language: str) -> str:
    text = _TEXT[language]
    everything = standing.get(_EVERYTHING, Choice.YES)
    other = LANGUAGES[1 - LANGUAGES.index(language)]

    def rows(names: Mapping[Purpose, Mapping[str, str]] | Mapping[Channel, Mapping[str, str]]) -> str:
        return "".join(
            f"<fieldset><legend>{words[language]}</legend>"
            + "".join(
                f"<label><input type='radio' name='{name}' value='{choice}'"
                f"{' checked' if standing.get(_WISHES[name], everything) is choice else ''}> {text[choice]}</label>"
                for choice in Choice
            )
            + "</fieldset>"
            for name, words in names.items()
        )

    return (
        f"<p><a href='?lang={other}'>{text['other']}</a></p><h1>{text['title']}</h1><form method='post'>"
        f"<h2>{text['purposes']}</h2>{rows(_PURPOSES)}<h2>{text['channels']}</h2>{rows(_CHANNELS)}"
        f"<button>{text['save']}</button></form>"
        f"<form method='post'><button class='quiet' name='rest' value='all'>{text['rest']}</button></form>"
        f"<form method='post'><button class='quiet' name='line_code' value='new'>{text['line']}</button></form>"
    )
