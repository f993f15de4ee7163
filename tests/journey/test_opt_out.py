"""Who opts out between planning and sending is not written to, whichever way it was said."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import sqlalchemy as sa

from assets.steps import Steps
from cli import world
from cli.demo import Demo, LogicalClock, Stages, gateway_in_thread
from cli.processes import Processes, free_port, get_json, post_json
from core import tokens
from core.store.tables import messages
from senders.line.send import retry_key

pytestmark = pytest.mark.timeout(900)  # a world lives through weeks: minutes on a busy machine

MONDAY = datetime(2026, 6, 15, 3, 0, tzinfo=UTC)  # 10:00 in Bangkok
COMPANIES, SEED = 500, 7


@dataclass
class Town:
    """The product with messages planned, and the stand-in world around it."""

    steps: Steps
    demo: Demo
    gateway: str
    secrets: dict[str, str]

    def post(self, path: str, body: bytes, **headers: str) -> None:
        """Deliver a webhook; it must be taken."""
        answer = httpx.post(self.gateway + path, content=body, headers=headers)
        assert answer.status_code == 200, answer.text

    def whatsapp(self, value: dict[str, Any], field: str = "messages") -> None:
        """Deliver one change as Meta would."""
        change = {"field": field, "value": {"messaging_product": "whatsapp", **value}}
        body = json.dumps({"object": "whatsapp_business_account", "entry": [{"id": "1", "changes": [change]}]}).encode()
        signature = hmac.new(self.secrets["whatsapp_app"].encode(), body, hashlib.sha256).hexdigest()
        self.post("/webhooks/whatsapp", body, **{"X-Hub-Signature-256": f"sha256={signature}"})


def _one_click(town: Town, message: sa.Row[Any]) -> None:
    token = tokens.sign(town.secrets["link"], "unsubscribe", message.message_id)
    answer = httpx.post(f"{town.gateway}/u/{token}", data={"List-Unsubscribe": "One-Click"})
    assert answer.status_code == 200


def _whatsapp_stop(town: Town, message: sa.Row[Any]) -> None:
    inbound = {
        "from": message.address.lstrip("+"),
        "id": "wamid.stop",
        "timestamp": str(int(MONDAY.timestamp()) + 60),
        "type": "text",
        "text": {"body": "Stop."},
    }
    town.whatsapp({"messages": [inbound]})


def _whatsapp_preference(town: Town, message: sa.Row[Any]) -> None:
    preference = {
        "wa_id": message.address.lstrip("+"),
        "category": "marketing_messages",
        "value": "stop",
        "timestamp": int(MONDAY.timestamp()) + 60,
    }
    town.whatsapp({"user_preferences": [preference]}, field="user_preferences")


def _line_unfollow(town: Town, message: sa.Row[Any]) -> None:
    event = {
        "type": "unfollow",
        "webhookEventId": "01UNFOLLOW",
        "timestamp": int(MONDAY.timestamp() * 1000) + 60_000,
        "source": {"type": "user", "userId": message.address},
        "deliveryContext": {"isRedelivery": False},
    }
    body = json.dumps({"destination": "U" + "0" * 32, "events": [event]}).encode()
    signature = base64.b64encode(hmac.new(town.secrets["line_channel"].encode(), body, hashlib.sha256).digest())
    town.post("/webhooks/line", body, **{"x-line-signature": signature.decode()})


def _crm_flag(town: Town, message: sa.Row[Any]) -> None:
    changes = {"unsubscribed": True}
    edit = {"entity": "contacts", "id": message.contact_id, "touch": True, "changes": changes}
    post_json(f"{town.demo.crm_url}/_sandbox/edit", edit)


WAYS: dict[str, tuple[str, Callable[[Town, sa.Row[Any]], None]]] = {
    "one-click": ("email", _one_click),
    "the CRM's flag": ("email", _crm_flag),
    "WhatsApp text": ("whatsapp", _whatsapp_stop),
    "WhatsApp preference": ("whatsapp", _whatsapp_preference),
    "LINE unfollow": ("line", _line_unfollow),
}


@pytest.fixture(scope="module")
def sent(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Plan, let one person opt out in each way, send; tells who they were and what the providers got."""
    data_dir: Path = tmp_path_factory.mktemp("opt-out")
    secrets = world.read_secrets(data_dir)
    with Processes(data_dir / "logs") as processes:
        port = free_port()
        gateway = f"http://127.0.0.1:{port}"
        crm = processes.start("crm", *world.crm_arguments(secrets, COMPANIES, SEED, MONDAY, MONDAY), answers=True)
        providers = processes.start("providers", *world.provider_arguments(secrets, SEED, gateway), answers=True)
        clock = LogicalClock(MONDAY)
        steps = Steps(world.settings_for(data_dir, secrets, crm, providers, gateway), clock=clock)
        demo = Demo(steps, clock, crm["url"], providers["url"], Stages(print))
        with gateway_in_thread(steps.settings, clock, port):
            demo.move_to(MONDAY)
            demo.refresh("full")
            demo.link_line_users()
            demo.move_to(MONDAY + timedelta(minutes=30))
            demo.refresh()
            for campaign_id in demo.playbooks:
                steps.run_campaign(campaign_id)
            chosen = _choose(steps)
            town = Town(steps, demo, gateway, secrets)
            for way, (_, opt_out) in WAYS.items():
                opt_out(town, chosen[way])
            clock.now += timedelta(minutes=30)
            demo.refresh()
            steps.cancel_ineligible()
            steps.send_due()
        received = get_json(f"{providers['url']}/_sandbox/received")
    with steps.store.connect() as connection:
        rows = {row.message_id: row for row in connection.execute(sa.select(messages))}
    return {"chosen": chosen, "rows": rows, "received": {each["key"] for each in received}}


def _choose(steps: Steps) -> dict[str, sa.Row[Any]]:
    with steps.store.connect() as connection:
        planned = connection.execute(sa.select(messages).order_by(messages.c.message_id)).all()
    waiting = {channel: [row for row in planned if row.channel == channel] for channel in ("email", "whatsapp", "line")}
    return {way: waiting[channel].pop() for way, (channel, _) in WAYS.items()}


@pytest.mark.parametrize("way", WAYS)
def test_who_opted_out_after_planning_is_not_written_to(sent: dict[str, Any], way: str) -> None:
    message = sent["chosen"][way]
    row = sent["rows"][message.message_id]

    assert (row.status, row.attempts, row.accepted_at) == ("suppressed", 0, None)
    assert row.reason
    assert not {row.message_id, retry_key(row.message_id)} & sent["received"]


def test_everybody_else_is(sent: dict[str, Any]) -> None:
    out = {message.contact_id for message in sent["chosen"].values()}
    others = [row for row in sent["rows"].values() if row.contact_id not in out]

    assert {row.channel for row in others} == {"email", "whatsapp", "line"}
    assert all(row.accepted_at for row in others)
