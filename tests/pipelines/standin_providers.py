"""The stand-in WhatsApp and LINE, spoken to without a socket: messages go in, counts come out."""

import argparse
import uuid
from datetime import datetime

import httpx
from starlette.testclient import TestClient

from core.settings import Settings
from sandbox.people import reactions
from sandbox.providers import Providers, add_arguments

WABA = "100000000000002"
TEMPLATE = "renewal_30"


class StandIns:
    """The stand-ins, their clock set by ``at``; ``transport`` is how the product reaches them."""

    def __init__(self) -> None:
        parser = argparse.ArgumentParser()
        add_arguments(parser)
        self.providers = Providers(parser.parse_args(["--business-account-id", WABA]))
        self.http = TestClient(self.providers.app(), raise_server_exceptions=False)
        self.transport = httpx.MockTransport(self._forward)
        self.asked: list[httpx.Request] = []

    def settings(self, data_dir, **changes) -> Settings:
        """Settings that make the stand-ins the product's providers."""
        values = {
            "data_dir": data_dir,
            "whatsapp_url": "http://whatsapp.example",
            "whatsapp_business_account_id": WABA,
            "whatsapp_token": "sandbox-whatsapp-token",
            "line_url": "http://line.example",
            "line_token": "sandbox-line-token",
        }
        return Settings(_env_file=None, **{**values, **changes})

    def at(self, moment: datetime) -> None:
        """Set the providers' clock."""
        self.http.post("/_sandbox/clock", json={"now": moment.isoformat()})

    def fault(self, channel: str, kind: str, times: int = 1) -> None:
        """Let the next requests of a channel go wrong."""
        self.http.post("/_sandbox/faults", json={"channel": channel, "kind": kind, "times": times})

    def push(self, key: str = "", to: str = "U" + "1" * 32) -> int:
        """Send a LINE message; returns the status, 500 where the connection would break."""
        headers = {"Authorization": "Bearer sandbox-line-token", "X-Line-Retry-Key": key or str(uuid.uuid4())}
        body = {"to": to, "messages": [{"type": "text", "text": "hello"}]}
        return self.http.post("/v2/bot/message/push", json=body, headers=headers).status_code

    def multicast(self, people: int, key: str = "") -> int:
        """Send one LINE text to many; returns the status."""
        headers = {"Authorization": "Bearer sandbox-line-token", "X-Line-Retry-Key": key or str(uuid.uuid4())}
        body = {"to": [f"U{number:032x}" for number in range(people)], "messages": [{"type": "text", "text": "hello"}]}
        return self.http.post("/v2/bot/message/multicast", json=body, headers=headers).status_code

    def template(self, number: int, name: str = TEMPLATE, language: str = "en") -> int:
        """Send a WhatsApp template to person ``number``; returns the status."""
        body = {
            "messaging_product": "whatsapp",
            "to": f"+6681000{number:04}",
            "type": "template",
            "template": {"name": name, "language": {"code": language}, "components": []},
            "biz_opaque_callback_data": f"m{number}",
        }
        headers = {"Authorization": "Bearer sandbox-whatsapp-token"}
        return self.http.post("/v23.0/1/messages", json=body, headers=headers).status_code

    def failed(self) -> int:
        """Count the WhatsApp messages whose person cannot be reached: by the seed, they are never sent."""
        return sum(
            detail.get("status") == "failed"
            for message in self.providers.taken.values()
            for _, _, detail in reactions(self.providers.arguments.seed, message)
        )

    def _forward(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        answer = self.http.get(request.url.raw_path.decode(), headers=dict(request.headers))
        return httpx.Response(answer.status_code, content=answer.content, headers={"content-type": "application/json"})
