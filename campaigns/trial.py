"""A test send: a campaign's words with a contact's values, really sent, to somebody of the staff.

It goes the way of every message, as a message on request of the campaign ``test_send`` whose variant is ``test``: no
result counts it, and the CRM is not told.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from campaigns import policy, preview
from campaigns.fill import key_for
from campaigns.preview import Look
from core.errors import PermanentError
from core.ids import derived_id, message_id, random_id
from core.store import audit, ledger, transactional_sends
from core.store.templates import save_template
from core.vocabulary import Channel, Purpose
from senders.templates import Template

CAMPAIGN = "test_send"
VARIANT = "test"
_MARK = {"en": "[Test] ", "th": "[ทดสอบ] "}
_EXPIRES = timedelta(hours=1)
_DEFINITION = {"campaign_id": CAMPAIGN, "name": "Test sends", "purpose": str(Purpose.MARKETING)}


@dataclass(frozen=True, kw_only=True)
class Staff:
    """Who gets it, and which addresses may: the installation's ``BMA_TEST_ADDRESSES``."""

    channel: Channel
    address: str
    allowed: frozenset[str]


def send(look: Look, contact_id: str, staff: Staff, *, by: str, language: str | None = None) -> str:
    """Plan what a contact of the audience would get for a member of the staff, marked as a test; return its id.

    Raises PermanentError for an address that is not allowed, a contact outside the audience, and words with a blank.
    """
    if staff.address.lower() not in staff.allowed:
        raise PermanentError(f"BMA_TEST_ADDRESSES does not name {staff.address}: add it there first")
    if staff.channel not in look.playbook.channels:
        raise PermanentError(f"campaign {look.playbook.campaign_id} is for {', '.join(look.playbook.channels)}")
    verdict, variables = preview.for_contact(look, contact_id)[0]
    key = key_for(look.playbook, verdict, str(staff.channel), language or verdict["language"], look.contents)
    content = _marked(look.contents[key], key[2])
    Template(content, staff.channel).render(variables)  # or say what is wrong
    with look.engine.begin() as store:
        run = transactional_sends.count_in_run(
            store,
            _DEFINITION,
            day=look.now.astimezone(ZoneInfo(look.playbook.time_zone)).date().isoformat(),
            snapshot_id=look.now.isoformat(),
            policy=policy.read_policy().version,
            now=look.now,
        )
        template_id = f"{VARIANT}:{key[0]}"
        version = save_template(
            store, template_id=template_id, channel=key[1], language=key[2], content=content, now=look.now
        )
        row = _row(look, staff, verdict, variables, run.run_id, look.now)
        row |= {"template_id": template_id, "template_version": version, "language": key[2]}
        ledger.plan(store, [row], look.now)
        detail = {"contact_id": contact_id, "channel": key[1], "template_id": key[0], "message_id": row["message_id"]}
        audit.write(store, actor=by, action="test_send", target=look.playbook.campaign_id, detail=detail, now=look.now)
    return str(row["message_id"])


def _row(
    look: Look, staff: Staff, verdict: Mapping[str, Any], variables: dict[str, Any], run_id: str, now: datetime
) -> dict[str, Any]:
    contact_id = derived_id("staff", staff.address.lower())  # nobody of the CRM's
    step = f"{verdict['step']}@{random_id()[:8]}"  # each test is one of its own
    return {
        "message_id": message_id(CAMPAIGN, run_id, contact_id, step),
        "campaign_id": CAMPAIGN,
        "run_id": run_id,
        "step": step,
        "variant": VARIANT,
        "contact_id": contact_id,
        "company_id": None,
        "channel": str(staff.channel),
        "purpose": str(look.playbook.purpose),
        "address": staff.address,
        "variables": variables,
        "subject_type": None,
        "subject_id": None,
        "priority": 1,
        "not_before": None,
        "expires_at": now + _EXPIRES,
        "snapshot_id": now.isoformat(),
        "traceparent": None,
    }


def _marked(content: Mapping[str, Any], language: str) -> dict[str, Any]:
    """Say in the words that it is a test; WhatsApp's words are Meta's and stay."""
    if "parameters" in content:
        return dict(content)
    where = "subject" if "subject" in content else "text"
    return {**content, where: _MARK.get(language, _MARK["en"]) + content[where]}
