"""A provider that misbehaves: takes messages, and fails in every way providers do, by a seeded random.

``python -m bench.faulty --seed 1 --gateway http://127.0.0.1:8000`` speaks enough of WhatsApp, LINE and SMTP for the
proofs, remembers what it took, when and from whom (GET /taken), and tells by signed webhooks, some twice, some out of
order, each until a gateway answers it with 200. With ``--behaves`` it makes no mistakes.
"""

import argparse
import asyncio
import hashlib
import hmac
import json
import random
import re
import time
from typing import Any

import aiohttp

from bench.faulty_book import Book
from bench.faulty_mail import FaultyMail
from core.store.inbox import dedup_key

_LENGTH = re.compile(rb"content-length: (\d+)", re.IGNORECASE)
# What happens to a request, and how often in a thousand: most are taken and answered well.
_FAULTS = {
    "good": 877,
    "slow": 40,
    "throttled": 5,
    "throttled_for": 3,
    "server_error": 15,
    "taken_server_error": 10,
    "taken_reset": 20,
    "reset": 10,
    "taken_nonsense": 10,
    "nonsense": 10,
}
# After these nobody can tell from the answer whether it was taken.
_UNCLEAR = {"server_error", "taken_server_error", "taken_reset", "reset", "taken_nonsense", "nonsense"}


class FaultyProvider:
    """Takes each message by its key; a key it knows is never taken again by LINE, and counted by WhatsApp."""

    def __init__(self, seed: int, gateways: list[str], app_secret: str, book: Book) -> None:
        self._rng = random.Random(seed)
        self._gateways, self._secret = gateways, app_secret.encode()
        self._book = book
        self._outgoing: asyncio.Queue[tuple[float, bytes, str]] = asyncio.Queue()
        self._telling = 0  # webhooks that are being delivered
        self._interrupted: list[tuple[str, float, float]] = []  # webhooks nobody answered: digest, begun, over

    async def serve(self, host: str, wanted: int) -> None:
        """Listen, say where on standard output, and deliver webhooks until killed."""
        server = await asyncio.start_server(self._talk, host, wanted, backlog=512)
        mail = await asyncio.start_server(FaultyMail(self._rng, self._book).talk, host, 0, backlog=512)
        port, smtp_port = (each.sockets[0].getsockname()[1] for each in (server, mail))
        print(json.dumps({"url": f"http://{host}:{port}", "smtp_port": smtp_port}), flush=True)
        async with aiohttp.ClientSession() as session:
            tellers = [self._deliver(session) for _ in range(8 if self._gateways else 0)]
            await asyncio.gather(*tellers, server.serve_forever(), mail.serve_forever())

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        peer = writer.get_extra_info("peername")[0]
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                found = _LENGTH.search(head)
                body = await reader.readexactly(int(found[1])) if found else b""
                path = head.split(b" ", 2)[1].decode()
                asked = self._asked(path)
                answer = await self._answer(path, head, body, peer) if asked is None else _http(200, asked)
                if answer is None:
                    break
                writer.write(answer)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.transport.abort()

    def _asked(self, path: str) -> Any:
        """What the proof may ask; None when it is a message."""
        where, _, since = path.partition("?")
        match where:
            case "/taken":
                return self._book.as_json()
            case "/count":
                return self._book.by_peer
            case "/recent":
                return {"seen": self._book.seen_since(time.time() - 5), "interrupted": self._interrupted_at(since)}
            case "/behave":
                self._book.behaves = True
                return {"waiting": self._outgoing.qsize() + self._telling}
        return None

    def _interrupted_at(self, since: str) -> list[str]:
        at = float(since or 0)
        return [digest for digest, begun, over in self._interrupted if begun <= at <= over]

    async def _answer(self, path: str, head: bytes, body: bytes, peer: str) -> bytes | None:
        fault = "good" if self._book.behaves else self._rng.choices(list(_FAULTS), list(_FAULTS.values()))[0]
        is_line = path.startswith("/v2/")
        said = {} if is_line else json.loads(body)
        key = _line_key(head) if is_line else said["biz_opaque_callback_data"]
        self._book.begin(key)
        if fault in {"good", "slow"} or fault.startswith("taken_"):
            good = self._take_line(key, peer) if is_line else self._take_whatsapp(key, said["to"], peer)
        if fault == "slow":
            await asyncio.sleep(self._rng.uniform(0.1, 0.4))
        self._book.end(key, is_clear=fault not in _UNCLEAR)
        match fault.removeprefix("taken_"):
            case "throttled" | "throttled_for":
                after = {"Retry-After": "1"} if fault == "throttled_for" else {}
                return _refusal(is_line, 429 if is_line else 400, 130429, **after)
            case "server_error":
                return _refusal(is_line, 500, 131000)
            case "reset":
                return None
            case "nonsense":
                return _http(200, "<html>gateway</html>")
        return good

    def _take_line(self, key: str, peer: str) -> bytes:
        if self._book.take(key, "line", "", peer, is_repeat_known=True):
            return _http(200, {"sentMessages": [{"id": key}]})
        return _http(409, {"message": "The retry key is already accepted"})

    def _take_whatsapp(self, key: str, address: str, peer: str) -> bytes:
        self._book.take(key, "whatsapp", address, peer)
        wamid = f"wamid.{hashlib.sha256(key.encode()).hexdigest()[:24]}"
        statuses = ["sent", "delivered"] if self._rng.random() < 0.8 else ["delivered", "sent"]
        for place, status in enumerate(statuses):
            for _ in range(2 if self._rng.random() < 0.1 else 1):
                self._tell({"statuses": [_status(wamid, status, key, address)]}, place * 0.05)
        if self._rng.random() < 0.02:
            inbound = {"from": address[1:], "id": f"{wamid}.stop", "timestamp": _now(), "type": "text"}
            self._tell({"messages": [{**inbound, "text": {"body": "stop"}}]}, 0.1, stop=address)
        return _http(200, {"messages": [{"id": wamid, "message_status": "accepted"}]})

    def _tell(self, value: dict[str, Any], seconds: float, stop: str = "") -> None:
        change = {"field": "messages", "value": {"messaging_product": "whatsapp", **value}}
        delivery = {"object": "whatsapp_business_account", "entry": [{"id": "1", "changes": [change]}]}
        if not self._gateways:
            return
        self._outgoing.put_nowait((time.time() + seconds, json.dumps(delivery).encode(), stop))

    async def _deliver(self, session: aiohttp.ClientSession) -> None:
        turn = 0
        while True:
            due, body, stop = await self._outgoing.get()
            if (left := due - time.time()) > 0:
                await asyncio.sleep(left)
            key, begun = dedup_key(body), time.time()
            self._telling += 1
            is_taken = await self._post(session, self._gateways[turn % len(self._gateways)], body)
            self._telling -= 1
            if not is_taken:
                turn += 1  # with several gateways the next one is tried, as a load balancer does
                self._interrupted = [*self._interrupted[-200:], (key, begun, time.time())]
                self._outgoing.put_nowait((time.time() + 0.2, body, stop))
                continue
            self._book.answered.append(key)
            if stop:
                self._book.stopped.setdefault(stop, time.time())

    async def _post(self, session: aiohttp.ClientSession, gateway: str, body: bytes) -> bool:
        headers = {"X-Hub-Signature-256": "sha256=" + hmac.new(self._secret, body, hashlib.sha256).hexdigest()}
        timeout = aiohttp.ClientTimeout(total=3)
        try:
            url = f"{gateway}/webhooks/whatsapp"
            async with session.post(url, data=body, headers=headers, timeout=timeout) as answer:
                self._book.refused += answer.status >= 500
                return answer.status == 200
        except (aiohttp.ClientError, TimeoutError, OSError):
            return False


def _line_key(head: bytes) -> str:
    key = re.search(rb"x-line-retry-key: (\S+)", head, re.IGNORECASE)
    assert key is not None
    return key[1].decode()


def _status(wamid: str, status: str, key: str, address: str) -> dict[str, str]:
    about = {"id": wamid, "status": status, "timestamp": _now(), "recipient_id": address[1:]}
    return {**about, "biz_opaque_callback_data": key}


def _now() -> str:
    return str(int(time.time()))


def _refusal(is_line: bool, status: int, code: int, **headers: str) -> bytes:  # noqa: FBT001 -- which of two
    said = {"message": "try again later"} if is_line else {"error": {"message": f"(#{code})", "code": code}}
    return _http(status, said, headers)


def _http(status: int, said: object, headers: dict[str, str] | None = None) -> bytes:
    body = said if isinstance(said, str) else json.dumps(said)
    lines = [f"HTTP/1.1 {status} Said", "Content-Type: application/json", f"Content-Length: {len(body.encode())}"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    return "\r\n".join([*lines, "", body]).encode()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--gateway", action="append", default=[])
    parser.add_argument("--app-secret", default="appsecret")
    parser.add_argument("--behaves", action="store_true")
    given = parser.parse_args()
    book = Book(behaves=given.behaves)
    asyncio.run(FaultyProvider(given.seed, given.gateway, given.app_secret, book).serve(given.host, given.port))
