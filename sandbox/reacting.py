"""Carrying reactions to the gateway: signed webhooks, real clicks, raw mail."""

import asyncio
import base64
import hashlib
import heapq
import hmac
import itertools
import json
import threading
from collections import Counter
from datetime import datetime
from typing import Any

import aiohttp

from sandbox import returned_mail
from sandbox.people import Reaction, Taken, reactions

_TOGETHER = 64


class Reactions:
    """Everything people will still do, and how it reaches the gateway."""

    def __init__(self, *, gateway: str, seed: int, secrets: dict[str, str], speed: float = 1.0) -> None:
        self._gateway, self._seed, self._secrets, self._speed = gateway.rstrip("/"), seed, secrets, speed
        self._heap: list[Reaction] = []
        self._lock = threading.Lock()
        self._order = itertools.count()
        self.done: Counter[str] = Counter()
        self.wrote: dict[str, datetime] = {}  # WhatsApp numbers and when they last wrote to the business

    def plan(self, message: Taken) -> None:
        """Decide what the person will do with a message."""
        for delay, act, detail in reactions(self._seed, message):
            self.add(message.at + delay / self._speed, act, message, detail)

    def add(self, due: datetime, act: str, message: Taken, detail: dict[str, Any]) -> None:
        """Plan one act."""
        with self._lock:
            heapq.heappush(self._heap, Reaction(due, next(self._order), act, message, detail))

    async def settle(self, until: datetime) -> None:
        """Let everything due by ``until`` happen, each message's acts in their order."""
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=30)) as http:
            while due := self._take(until):
                by_message: dict[str, list[Reaction]] = {}
                for reaction in due:
                    by_message.setdefault(reaction.message.key, []).append(reaction)
                places = asyncio.Semaphore(_TOGETHER)
                await asyncio.gather(*(self._all(http, places, acts) for acts in by_message.values()))

    def _take(self, until: datetime) -> list[Reaction]:
        with self._lock:
            due = []
            while self._heap and self._heap[0].due <= until:
                due.append(heapq.heappop(self._heap))
            return due

    async def _all(self, http: aiohttp.ClientSession, places: asyncio.Semaphore, acts: list[Reaction]) -> None:
        async with places:
            for act in acts:
                await getattr(self, f"_{act.do}")(http, act)
                self.done[act.do] += 1

    async def _status(self, http: aiohttp.ClientSession, act: Reaction) -> None:
        message, status = act.message, act.detail["status"]
        body: dict[str, Any] = {
            "id": message.provider_id,
            "status": status,
            "timestamp": str(int(act.due.timestamp())),
            "recipient_id": message.address.lstrip("+"),
            "biz_opaque_callback_data": message.key,
        }
        if status == "failed":
            body["errors"] = [{"code": act.detail["code"], "title": "Message undeliverable"}]
        else:
            body["pricing"] = {"billable": True, "pricing_model": "PMP", "type": "regular", "category": "utility"}
        for _ in range(2 if act.detail.get("twice") else 1):
            await self._whatsapp(http, {"statuses": [body]})

    async def _reply(self, http: aiohttp.ClientSession, act: Reaction) -> None:
        message, text = act.message, act.detail["text"]
        if message.channel == "email":
            await self._mail(http, returned_mail.reply(message, text, act.due))
        elif message.channel == "whatsapp":
            self.wrote[message.address] = act.due
            await self._whatsapp(
                http,
                {
                    "messages": [
                        {
                            "from": message.address.lstrip("+"),
                            "id": f"wamid.reply.{message.key}",
                            "type": "text",
                            "timestamp": str(int(act.due.timestamp())),
                            "text": {"body": text},
                            "context": {"id": message.provider_id},
                        }
                    ]
                },
            )
        else:
            await self._line(http, "message", act, {"message": {"type": "text", "id": message.key[:12], "text": text}})

    async def _follow(self, http: aiohttp.ClientSession, act: Reaction) -> None:
        await self._line(http, "follow", act, {"follow": {"isUnblocked": False}})

    async def _unfollow(self, http: aiohttp.ClientSession, act: Reaction) -> None:
        await self._line(http, "unfollow", act, {})

    async def _open(self, http: aiohttp.ClientSession, act: Reaction) -> None:
        await self._visit(http, act.message.pixel, act.detail["agent"])

    async def _click(self, http: aiohttp.ClientSession, act: Reaction) -> None:
        if act.message.links:
            await self._visit(http, act.message.links[act.detail["link"]], act.detail["agent"])

    async def _scan(self, http: aiohttp.ClientSession, act: Reaction) -> None:
        for link in (*act.message.links, act.message.honeypot):
            if link:
                await self._visit(http, link, act.detail["agent"], method="HEAD")
                await self._visit(http, link, act.detail["agent"])

    async def _unsubscribe(self, http: aiohttp.ClientSession, act: Reaction) -> None:
        async with http.post(act.message.unsubscribe, data={"List-Unsubscribe": "One-Click"}) as answer:
            answer.raise_for_status()

    async def _bounce(self, http: aiohttp.ClientSession, act: Reaction) -> None:
        await self._mail(http, returned_mail.bounce(act.message, act.detail["status"], act.detail["text"], act.due))

    async def _complain(self, http: aiohttp.ClientSession, act: Reaction) -> None:
        await self._mail(http, returned_mail.complaint(act.message, act.due))

    async def _auto_reply(self, http: aiohttp.ClientSession, act: Reaction) -> None:
        await self._mail(http, returned_mail.reply(act.message, "I am away.", act.due, is_automatic=True))

    async def _visit(self, http: aiohttp.ClientSession, url: str, agent: str, method: str = "GET") -> None:
        if url.startswith(self._gateway):
            async with http.request(method, url, headers={"User-Agent": agent}, allow_redirects=False) as answer:
                await answer.read()

    async def _whatsapp(self, http: aiohttp.ClientSession, value: dict[str, Any]) -> None:
        body = json.dumps(
            {
                "object": "whatsapp_business_account",
                "entry": [
                    {
                        "id": self._secrets["business_account_id"],
                        "changes": [
                            {
                                "field": "messages",
                                "value": {
                                    "messaging_product": "whatsapp",
                                    "metadata": {
                                        "display_phone_number": "6620000000",
                                        "phone_number_id": self._secrets["phone_number_id"],
                                    },
                                    **value,
                                },
                            }
                        ],
                    }
                ],
            }
        ).encode()
        signature = hmac.new(self._secrets["whatsapp_app_secret"].encode(), body, hashlib.sha256).hexdigest()
        await self._post(http, "/webhooks/whatsapp", body, {"X-Hub-Signature-256": f"sha256={signature}"})

    async def _line(self, http: aiohttp.ClientSession, kind: str, act: Reaction, more: dict[str, Any]) -> None:
        key = hashlib.sha256(f"{act.message.key}:{kind}:{act.due.isoformat()}".encode()).hexdigest()[:26].upper()
        body = json.dumps(
            {
                "destination": "U" + "0" * 32,
                "events": [
                    {
                        "type": kind,
                        "mode": "active",
                        "timestamp": int(act.due.timestamp() * 1000),
                        "webhookEventId": key,
                        "source": {"type": "user", "userId": act.message.address},
                        **({} if kind == "unfollow" else {"replyToken": key.lower()}),
                        "deliveryContext": {"isRedelivery": False},
                        **more,
                    }
                ],
            },
            ensure_ascii=False,
        ).encode()
        digest = hmac.new(self._secrets["line_channel_secret"].encode(), body, hashlib.sha256).digest()
        await self._post(http, "/webhooks/line", body, {"x-line-signature": base64.b64encode(digest).decode()})

    async def _mail(self, http: aiohttp.ClientSession, body: bytes) -> None:
        signature = hmac.new(self._secrets["inbound_secret"].encode(), body, hashlib.sha256).hexdigest()
        await self._post(http, "/webhooks/email/inbound", body, {"X-BMA-Signature": f"sha256={signature}"})

    async def _post(self, http: aiohttp.ClientSession, path: str, body: bytes, headers: dict[str, str]) -> None:
        for attempt in range(8):
            try:
                async with http.post(self._gateway + path, data=body, headers=headers) as answer:
                    if answer.status == 200:
                        return
            except aiohttp.ClientError:
                pass
            await asyncio.sleep(0.05 * 2**attempt)
        self.done["undelivered"] += 1
