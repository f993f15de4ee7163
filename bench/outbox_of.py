"""Messages to send for proofs and measures: people who exist nowhere, a campaign that is real."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from campaigns import templates
from campaigns.playbooks import read_playbook
from core.store import ledger
from core.store.inbox import insert_ignore
from core.store.tables import campaign_runs
from core.store.templates import save_template

_CAMPAIGN, _STEP = "renewal", "renewal_14"


def plan(
    store: sa.Engine, count: int, channels: Sequence[str], now: datetime, *, people: int = 10**7, first: int = 0
) -> None:
    """Plan ``count`` messages, the first with that number, spread over ``channels`` and so many people."""
    with store.begin() as connection:
        for (template_id, channel, language), content in templates.contents(read_playbook(_CAMPAIGN)).items():
            save_template(
                connection, template_id=template_id, channel=channel, language=language, content=content, now=now
            )
        run = {"run_id": "r1", "campaign_id": _CAMPAIGN, "occurrence": "proof", "status": "planned", "snapshot_id": "s"}
        versions = {"definition_version": 1, "segment_version": "1", "policy_version": "1"}
        times = {"decided_at": now, "planned_at": now, "updated_at": now}
        connection.execute(insert_ignore(connection, campaign_runs).values({**run, **versions, **times}))
    for start in range(first, first + count, 10_000):
        numbers = range(start, min(start + 10_000, first + count))
        with store.begin() as connection:
            ledger.plan(connection, _rows(numbers, channels, people), now)


def address(channel: str, number: int) -> str:
    """Return a made-up address; every email has a domain of its own."""
    if channel == "whatsapp":
        return f"+6681{number:07}"
    return f"U{number:032x}" if channel == "line" else f"p{number}@hotel{number}.example"


def message_id(number: int) -> str:
    """Return the id of the message with a number."""
    return f"0198c0de-0000-7000-8000-{number:012}"


def _rows(numbers: range, channels: Sequence[str], people: int) -> Iterator[dict[str, Any]]:
    for number in numbers:
        channel = channels[number % len(channels)]
        yield {
            "message_id": message_id(number),
            "campaign_id": _CAMPAIGN,
            "run_id": "r1",
            "step": _STEP,
            "variant": "a",
            "contact_id": f"c{number % people}",
            "company_id": f"k{number}",
            "channel": channel,
            "purpose": "renewal",
            "address": address(channel, number % people),
            "template_id": _STEP,
            "template_version": 1,
            "language": "en",
            "variables": {
                "contact_name": "Malee",
                "company_name": "Lotus Bay",
                "contract_number": f"TH-{number}",
                "end_date": "2026-12-24",
            },
            "subject_type": "contract",
            "subject_id": f"s{number}",
            "priority": 5,
            "not_before": None,
            "expires_at": None,
            "snapshot_id": "s",
        }
