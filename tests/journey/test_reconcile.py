"""Reconcile finds real differences: providers that misbehave, count truly, and are asked the next day."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from assets.steps import Steps
from bench.outbox_of import message_id, plan
from cli import world
from cli.demo import Demo, LogicalClock, Stages, gateway_in_thread
from cli.processes import Processes, free_port, post_json
from cli.reconcile_commands import Reconciled, run
from core.store import doubts
from core.vocabulary import Status

pytestmark = pytest.mark.timeout(900)  # a world lives through weeks: minutes on a busy machine

MONDAY = datetime(2026, 3, 2, 3, 0, tzinfo=UTC)  # 10:00 in Bangkok
CHANNELS = ("whatsapp", "line", "email")
EACH = 30


@dataclass
class Town:
    """The product, its clock and the stand-in providers."""

    steps: Steps
    demo: Demo

    def fault(self, channel: str, kind: str) -> None:
        """Let one request go wrong."""
        post_json(f"{self.demo.providers_url}/_sandbox/faults", {"channel": channel, "kind": kind, "times": 1})

    def state(self, found: Reconciled, channel: str, campaign: str | None = None) -> dict[str, Any]:
        """Return Monday's row."""
        monday = [row for row in found.counts if row["metric_date"] == MONDAY.date() and row["channel"] == channel]
        return next(row for row in monday if row["campaign_id"] == campaign)


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    secrets = world.read_secrets(tmp_path)
    with Processes(tmp_path / "logs") as processes:
        port = free_port()
        gateway = f"http://127.0.0.1:{port}"
        crm = {"url": gateway}  # nobody asks it
        providers = processes.start("providers", *world.provider_arguments(secrets, 7, gateway), answers=True)
        clock = LogicalClock(MONDAY)
        steps = Steps(world.settings_for(tmp_path, secrets, crm, providers, gateway), clock=clock)
        demo = Demo(steps, clock, providers["url"], providers["url"], Stages(print))
        with gateway_in_thread(steps.settings, clock, port):
            demo.move_to(MONDAY)
            plan(steps.store, EACH * len(CHANNELS), CHANNELS, MONDAY)
            yield Town(steps, demo)


def test_bad_behaviour_is_explained_and_a_wrong_decision_shows(town: Town) -> None:
    town.fault("whatsapp", "http_500")  # never taken, and nobody knows
    town.fault("whatsapp", "reset_after_accept")  # taken, and the webhook will say so
    town.fault("line", "reset_after_accept")  # taken, and the same key will say so
    town.fault("email", "429")
    for _ in range(2):
        town.steps.send_due()
    town.demo.move_to(MONDAY + timedelta(hours=2))
    town.steps.send_due()
    town.demo.move_to(MONDAY + timedelta(hours=26))
    found = run(town.steps, days=3)

    assert found.failures == [] and found.unexplained == []
    assert {channel: text.partition(":")[0] for channel, text in found.channels.items()} == {
        "email": "has no counters",
        "line": "loaded",
        "whatsapp": "loaded",
    }
    # One for the fault, or two: the connection it broke may have carried another request.
    doubted = found.in_doubt
    assert 1 <= len(doubted) <= 2
    assert {each["channel"] for each in doubted} == {"whatsapp"}
    for campaign in ("renewal", None):
        row = town.state(found, "whatsapp", campaign)
        assert (row["state"], row["difference"], row["in_doubt_count"]) == ("agrees", 0, len(doubted))
        assert 0 < row["our_count"] == row["provider_count"] == row["webhook_count"] < EACH
    whole = town.state(found, "line")
    assert (whole["state"], whole["our_count"], whole["provider_count"]) == ("agrees", EACH, EACH)
    assert town.state(found, "line", "renewal")["state"] == "provider_cannot_tell"
    assert town.state(found, "email")["state"] == "provider_cannot_tell"
    assert [(quota["channel"], quota["used"], quota["our_count"]) for quota in found.quotas] == [("line", EACH, EACH)]

    with town.steps.store.begin() as connection:  # a person says that they were sent, and is wrong
        which = doubts.chosen(channel="whatsapp")
        doubts.decide(connection, which, Status.ACCEPTED, reason="I think so", actor="ada", now=town.steps.clock())
    found = run(town.steps, days=3)

    assert found.in_doubt == []
    assert {(row["channel"], row["campaign_id"], row["difference"]) for row in found.unexplained} == {
        ("whatsapp", "renewal", -len(doubted)),
        ("whatsapp", None, -len(doubted)),
    }


def test_what_went_out_without_us_and_a_gateway_that_heard_nothing_are_found(town: Town) -> None:
    town.steps.send_due()
    url = f"{town.demo.providers_url}/v23.0/{world.PHONE_NUMBER_ID}/messages"
    assert message_id(0) not in _send_by_hand(url, town.steps)
    # The clock moves and nobody's reaction reaches us: as if the gateway had been unreachable all day.
    town.demo.clock.now = MONDAY + timedelta(hours=26)
    post_json(f"{town.demo.providers_url}/_sandbox/clock", {"now": town.demo.clock.now.isoformat()})
    found = run(town.steps, days=3)

    row = town.state(found, "whatsapp")
    assert (row["our_count"], row["webhook_count"], row["state"]) == (EACH, 0, "differs")
    assert town.state(found, "line")["state"] == "agrees"


def _send_by_hand(url: str, steps: Steps) -> str:
    import httpx

    body = {
        "messaging_product": "whatsapp",
        "to": "+66810009999",
        "type": "template",
        "template": {"name": "by_hand", "language": {"code": "en"}, "components": []},
    }
    headers = {"Authorization": f"Bearer {steps.settings.whatsapp_token.get_secret_value()}"}
    return httpx.post(url, json=body, headers=headers, trust_env=False).raise_for_status().text
