"""A provider that misbehaves: takes messages, and fails in every way providers do, by a seeded random.

``python -m bench.faulty --seed 1 --gateway http://127.0.0.1:8000`` speaks enough of WhatsApp and LINE for the crash
proofs, remembers what it took and when (GET /taken), and tells by signed webhooks, some twice, some out of order,
each until it is answered with 200.
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


class FaultyProvider:
    """Takes each message by its key; a key it knows is never taken again by LINE, and counted by WhatsApp."""

    def __init__(self, seed: int, gateway: str, app_secret: str) -> None:
        self._rng = random.Random(seed)
        self._gateway, self._secret = gateway, app_secret.encode()
        self.taken: dict[str, dict[str, Any]] = {}
        self.answered: list[str] = []  # digests of webhooks that got their 200
        self.stopped: dict[str, float] = {}  # address → when its STOP was answered
        self._outgoing: asyncio.Queue[tuple[float, bytes, str]] = asyncio.Queue()
        self._behaves = False

    async def serve(self) -> None:
        """Listen, say where on standard output, and deliver webhooks until killed."""
        server = await asyncio.start_server(self._talk, "127.0.0.1", 0, backlog=512)
        print(json.dumps({"url": f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"}), flush=True)
        async with aiohttp.ClientSession() as session:
            await asyncio.gather(*(self._deliver(session) for _ in range(8)), server.serve_forever())

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                found = _LENGTH.search(head)
                body = await reader.readexactly(int(found[1])) if found else b""
                answer = await self._answer(head, body)
                if answer is None:
                    break
                writer.write(answer)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.transport.abort()

    async def _answer(self, head: bytes, body: bytes) -> bytes | None:
        path = head.split(b" ", 2)[1].decode()
        if path == "/taken":
            return _http(200, {"taken": self.taken, "answered": self.answered, "stopped": self.stopped})
        if path == "/recent":
            return _http(200, [key for key, each in self.taken.items() if each["at"] > time.time() - 5])
        if path == "/behave":
            self._behaves = True
            return _http(200, {"waiting": self._outgoing.qsize()})
        fault = "good" if self._behaves else self._rng.choices(list(_FAULTS), list(_FAULTS.values()))[0]
        is_line = path.startswith("/v2/")
        if fault in {"good", "slow"} or fault.startswith("taken_"):
            good = self._take_line(head) if is_line else self._take_whatsapp(json.loads(body))
        if fault == "slow":
            await asyncio.sleep(self._rng.uniform(0.1, 0.4))
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

    def _take_line(self, head: bytes) -> bytes:
        key = re.search(rb"x-line-retry-key: (\S+)", head, re.IGNORECASE)
        assert key is not None
        known = key[1].decode() in self.taken
        if not known:
            self.taken[key[1].decode()] = {"count": 1, "at": time.time(), "address": ""}
            return _http(200, {"sentMessages": [{"id": key[1].decode()}]})
        return _http(409, {"message": "The retry key is already accepted"})

    def _take_whatsapp(self, body: dict[str, Any]) -> bytes:
        key, address = body["biz_opaque_callback_data"], body["to"]
        known = self.taken.setdefault(key, {"count": 0, "at": time.time(), "address": address})
        known["count"] += 1
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
        self._outgoing.put_nowait((time.time() + seconds, json.dumps(delivery).encode(), stop))

    async def _deliver(self, session: aiohttp.ClientSession) -> None:
        while True:
            due, body, stop = await self._outgoing.get()
            if (left := due - time.time()) > 0:
                await asyncio.sleep(left)
            signature = "sha256=" + hmac.new(self._secret, body, hashlib.sha256).hexdigest()
            try:
                timeout = aiohttp.ClientTimeout(total=3)
                headers = {"X-Hub-Signature-256": signature}
                url = f"{self._gateway}/webhooks/whatsapp"
                async with session.post(url, data=body, headers=headers, timeout=timeout) as answer:
                    is_taken = answer.status == 200
            except (aiohttp.ClientError, TimeoutError, OSError):
                is_taken = False
            if not is_taken:
                self._outgoing.put_nowait((time.time() + 0.2, body, stop))
                continue
            self.answered.append(hashlib.sha256(body).hexdigest())
            if stop:
                self.stopped.setdefault(stop, time.time())


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
    parser.add_argument("--gateway", required=True)
    parser.add_argument("--app-secret", default="appsecret")
    given = parser.parse_args()
    asyncio.run(FaultyProvider(given.seed, given.gateway, given.app_secret).serve())
