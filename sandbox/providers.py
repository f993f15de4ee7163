"""The stand-in providers: WhatsApp and LINE over HTTP, a mail server over SMTP, and people behind all three."""

import argparse
import asyncio
import contextlib
import hashlib
import re
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.answers import graph_error, whatsapp_took
from sandbox.counters import Counters
from sandbox.line_replies import LineReplies, words_of
from sandbox.people import Taken
from sandbox.reacting import Reactions
from sandbox.serving import free_port, serve

_LINK = re.compile(r"https?://[^\s\"'<>]+")
_HOUR_A_SECOND = 3600.0
_MOST_PEOPLE = 500  # in one multicast
_THAI = re.compile("[\u0e00-\u0e7f]")


class Providers:
    """What the three stand-ins share: the clock, the messages they took, faults, and the people."""

    def __init__(self, arguments: argparse.Namespace) -> None:
        self.arguments = arguments
        self.is_live = bool(arguments.live)
        self._now = datetime.now(UTC)
        self.taken: dict[tuple[str, str], Taken] = {}
        self.line_keys: set[str] = set()
        self.line_replies = LineReplies()
        self.faults: list[dict[str, Any]] = []
        secrets = {
            name: str(getattr(arguments, name))
            for name in (
                "business_account_id",
                "phone_number_id",
                "whatsapp_app_secret",
                "line_channel_secret",
                "inbound_secret",
            )
        }
        speed = _HOUR_A_SECOND if self.is_live else 1.0
        self.reactions = Reactions(gateway=arguments.gateway, seed=arguments.seed, secrets=secrets, speed=speed)
        self.counters = Counters(
            taken=self.taken,
            now=lambda: self.now,
            seed=arguments.seed,
            speed=speed,
            whatsapp_token=arguments.whatsapp_token,
            line_token=arguments.line_token,
        )

    @property
    def now(self) -> datetime:
        """The clock: real in live mode, else where it was moved to."""
        return datetime.now(UTC) if self.is_live else self._now

    def take(self, message: Taken) -> None:
        """Remember a message and let its person react; the same key again is counted."""
        known = self.taken.get((message.channel, message.key))
        if known is not None:
            known.again.append(message.at)
            return
        self.taken[message.channel, message.key] = message
        self.reactions.plan(message)

    def fault(self, channel: str) -> str:
        """Return the kind of fault that strikes this request, or nothing."""
        for fault in self.faults:
            if fault["channel"] == channel and fault["times"] > 0:
                fault["times"] -= 1
                return str(fault["kind"])
        return ""

    def app(self) -> Starlette:
        """Return the ASGI application."""
        return Starlette(
            lifespan=self._lifespan,
            routes=[
                Route("/{version}/{phone}/messages", self.whatsapp, methods=["POST"]),
                Route("/v2/bot/message/{kind:str}", self.line, methods=["POST"]),
                *self.counters.routes(),
                Route("/_sandbox/received", self.received),
                Route("/_sandbox/line_replies", self.line_replies.listed),
                Route("/_sandbox/{what}", self.control, methods=["POST"]),
            ],
        )

    @asynccontextmanager
    async def _lifespan(self, _app: Starlette) -> AsyncIterator[None]:
        ticking = asyncio.create_task(self._tick()) if self.is_live else None
        yield
        if ticking:
            ticking.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await ticking

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(0.5)
            await self.reactions.settle(self.now)

    async def whatsapp(self, request: Request) -> Response:
        """Take a template message."""
        if request.headers.get("authorization") != f"Bearer {self.arguments.whatsapp_token}":
            return graph_error(401, 190, "Error validating access token")
        body = await request.json()
        fault = self.fault("whatsapp")
        if fault in {"http_500", "429"}:
            return (
                graph_error(500, 131000, "Something went wrong")
                if fault == "http_500"
                else graph_error(400, 130429, "Rate limit hit")
            )
        if body.get("messaging_product") != "whatsapp" or not body.get("to"):
            return graph_error(400, 100, "Invalid parameter")
        if body.get("type") == "text":
            return self._whatsapp_text(body, fault)
        template = body.get("template", {})
        texts = [each["text"] for part in template.get("components", ()) for each in part["parameters"]]
        if not template.get("name") or not all(texts):
            return graph_error(400, 132000, "Number of parameters does not match")
        return self._whatsapp_takes(body, fault, template["language"]["code"], template=template["name"])

    def _whatsapp_text(self, body: dict[str, Any], fault: str) -> Response:
        """Take free text, which needs a message of the person in the last 24 hours."""
        text, number = str(body.get("text", {}).get("body", "")), body["to"]
        if not 0 < len(text) <= 4096:
            return graph_error(400, 100, "Invalid parameter")
        wrote = self.reactions.wrote.get(number)
        if wrote is None or self.now - wrote > timedelta(hours=24):
            return graph_error(400, 131047, "Re-engagement message")
        return self._whatsapp_takes(body, fault, "th" if _THAI.search(text) else "en", is_answer=True)

    def _whatsapp_takes(self, body: dict[str, Any], fault: str, language: str, **more: Any) -> Response:
        key = body.get("biz_opaque_callback_data") or uuid.uuid4().hex
        wamid = f"wamid.{hashlib.sha256(f'{key}{len(self.taken)}'.encode()).hexdigest()[:32]}"
        self.take(Taken("whatsapp", key, body["to"], self.now, wamid, language, **more))
        if fault == "reset_after_accept":
            raise ConnectionResetError
        return whatsapp_took(body["to"], wamid)

    async def line(self, request: Request) -> Response:
        """Take a push, or a multicast for each of its people; the retry key makes a repeat harmless."""
        kind = request.path_params["kind"]
        if kind not in {"push", "multicast", "reply"}:
            return JSONResponse({"message": "Not found"}, 404)
        if request.headers.get("authorization") != f"Bearer {self.arguments.line_token}":
            return JSONResponse({"message": "Authentication failed"}, 401)
        fault = self.fault("line")
        if fault in {"http_500", "429"}:
            text = "The API rate limit has been exceeded. Try again later." if fault == "429" else "Internal error"
            return JSONResponse({"message": text}, 429 if fault == "429" else 500)
        body = await request.json()
        if kind == "reply":
            return self.line_replies.take(request, body)
        key = request.headers.get("x-line-retry-key") or uuid.uuid4().hex
        pushed = {"sentMessages": [{"id": str(int(hashlib.sha256(key.encode()).hexdigest()[:12], 16))}]}
        sent = pushed if kind == "push" else {}
        headers = {"X-Line-Request-Id": key}
        if key in self.line_keys:
            return JSONResponse(
                {"message": "The retry key is already accepted", **sent},
                409,
                headers={**headers, "x-line-accepted-request-id": key},
            )
        people = [body.get("to", "")] if kind == "push" else body.get("to", [])
        if not 0 < len(people) <= _MOST_PEOPLE or not all(re.fullmatch("U[0-9a-f]{32}", each) for each in people):
            return JSONResponse({"message": "Failed to send messages"}, 400)
        text = words_of(body["messages"][0])
        if not text or len(text) > 5000:
            return JSONResponse({"message": "Length must be between 0 and 5000"}, 400)
        language = "th" if _THAI.search(text) else "en"
        self.line_keys.add(key)
        for each in people:
            own = key if kind == "push" else f"{key}:{each}"
            self.take(Taken("line", own, each, self.now, key, language, links=_LINK.findall(text), kind=kind))
        if fault == "reset_after_accept":
            raise ConnectionResetError
        return JSONResponse(sent, headers=headers)

    async def received(self, _request: Request) -> Response:
        """List every message taken, with how often."""
        return JSONResponse(
            [
                {
                    "channel": each.channel,
                    "key": each.key,
                    "address": each.address,
                    "count": each.count,
                    "at": each.at.isoformat(),
                }
                for each in self.taken.values()
            ]
        )

    async def control(self, request: Request) -> Response:
        """Move the clock, let reactions happen, set faults, take templates in, let people follow our LINE account."""
        body, what = await request.json(), request.path_params["what"]
        if what == "clock":
            self._now = datetime.fromisoformat(body["now"])
        elif what == "settle":
            await self.reactions.settle(datetime.fromisoformat(body["until"]))
        elif what == "faults":
            self.faults.append(body)
        elif what == "templates":
            self.counters.submit(body["templates"])
        elif what == "people":
            self._follow(body["line_codes"])
        return JSONResponse({"now": self.now.isoformat(), "done": dict(self.reactions.done)})

    def _follow(self, codes: dict[str, str]) -> None:
        for code, label in codes.items():
            digest = hashlib.sha256(f"{self.arguments.seed}:{label}".encode()).hexdigest()
            if int(digest[-4:], 16) % 10 == 0:
                continue  # some never get round to it
            person = Taken("line", f"follow-{label}", f"U{digest[:32]}", self.now, "")
            self.reactions.add(self.now + timedelta(minutes=2), "follow", person, {})
            self.reactions.add(self.now + timedelta(minutes=3), "reply", person, {"text": code})

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 -- aiosmtpd's name
        """Take an email for one recipient."""
        fault = self.fault("email")
        if fault == "429":
            return "421 4.7.0 Too many messages, try again later"
        data = envelope.original_content or b""
        mail = message_from_bytes(data, policy=policy.default)
        header = str(mail["Message-ID"])
        part = mail.get_body(("html",))
        page = part.get_content() if part else ""
        links = [link for link in _LINK.findall(page) if "/t/c/" in link]
        pixel = next((link for link in _LINK.findall(page) if "/t/o/" in link), "")
        unsubscribe = str(mail.get("List-Unsubscribe", "")).strip("<> ")
        self.take(
            Taken(
                "email",
                header.strip("<>").partition("@")[0],
                envelope.rcpt_tos[0],
                self.now,
                header,
                "th" if _THAI.search(page) else "en",
                links,
                pixel,
                unsubscribe,
                envelope.mail_from or "",
                header,
                next((link for link in _LINK.findall(page) if "/t/h/" in link), ""),
                is_answer=not unsubscribe,
            )
        )
        if fault == "reset_after_accept":
            return "421 4.4.2 Connection lost"
        return f"250 2.0.0 Ok: queued as {uuid.uuid4().hex[:10].upper()}"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Name the command's options."""
    parser.add_argument("--port", type=int, default=8101)
    parser.add_argument("--smtp-port", type=int, default=8125)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--gateway", default="http://127.0.0.1:8000")
    parser.add_argument("--live", action="store_true", help="people act by themselves, an hour in a second")
    for name in (
        "whatsapp-token",
        "whatsapp-app-secret",
        "line-token",
        "line-channel-secret",
        "inbound-secret",
        "phone-number-id",
        "business-account-id",
    ):
        parser.add_argument(f"--{name}", default=f"sandbox-{name}")


def run(arguments: argparse.Namespace) -> None:
    """Serve until stopped."""
    providers = Providers(arguments)
    controller = Controller(providers, hostname="127.0.0.1", port=arguments.smtp_port or free_port())
    controller.start()
    serve(providers.app(), arguments.port, more=lambda: {"smtp_port": controller.port})
